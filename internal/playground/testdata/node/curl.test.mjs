import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { curlCommand } from "../../web/plain/curl.js";

test("a shell takes the command apart as the page would send it", () => {
  const request = { query: `{a(x: "it's $HOME \`no\`\n") {b}}`, variables: { after: null } };
  const command = curlCommand("http://127.0.0.1:8080/graphql", request, { "X-Team": "o'hare" }, true);
  const script = `curl() { printf '%s\\0' "$@"; }; TOKEN=secret; ${command}`;
  const args = execFileSync("sh", ["-c", script]).toString().split("\0").slice(0, -1);
  assert.deepEqual(args.slice(0, -1), [
    "-s", "http://127.0.0.1:8080/graphql", "-H", "Content-Type: application/json", "-H", "X-Team: o'hare",
    "-H", "Authorization: Bearer secret", "-d",
  ]);
  assert.deepEqual(JSON.parse(args.at(-1)), request);
});

test("no token, no header for one", () => {
  assert.ok(!curlCommand("/graphql", { query: "{a}" }, {}, false).includes("Authorization"));
});
