import assert from "node:assert/strict";
import { test } from "node:test";

import { readOperations } from "../../web/plain/document.js";
import { pageTurns } from "../../web/plain/pages.js";

const pageInfo = { hasNextPage: true, endCursor: "END", hasPreviousPage: true, startCursor: "START" };

function turns(query, data) {
  return pageTurns(readOperations(query)[0], data);
}

test("a turn sets the variable of the argument", () => {
  const [next, ...others] = turns("query ($from: String) { logs(after: $from) { pageInfo { endCursor } } }", { logs: { pageInfo } });
  assert.deepEqual(others, []);
  assert.equal(next.label, "Next page");
  assert.deepEqual(next.change({ first: 5, from: null }), { first: 5, from: "END" });
});

test("a turn gives up what contradicts it", () => {
  const query = "query { logs(first: $first, after: $after, last: $last, before: $before) { id } }";
  const [next, previous] = turns(query, { logs: { pageInfo } });
  const backward = { first: null, after: null, last: 7, before: "B" };
  assert.deepEqual(next.change(backward), { first: 7, after: "END", last: null, before: null });
  const forward = { first: 7, after: "A", last: null, before: null };
  assert.deepEqual(previous.change(forward), { first: null, after: null, last: 7, before: "START" });
});

test("aliases have turns of their own", () => {
  const query = "{ a: logs(after: $a) { id } b: logs(after: $b) { id } }";
  const found = turns(query, { a: { pageInfo }, b: { pageInfo } });
  assert.deepEqual(found.map((it) => it.label), ["Next page: a", "Next page: b"]);
  assert.deepEqual(found[1].change({}), { b: "END" });
});

test("no turn on the last page", () => {
  const last = { hasNextPage: false, endCursor: "END" };
  assert.deepEqual(turns("{ logs(after: $a) { id } }", { logs: { pageInfo: last } }), []);
});

const hints = {
  "no variable": ["{ logs(first: 2) { id } }", { logs: { pageInfo } }, /declare \$after: String .* to logs\./],
  "a literal": ["{ logs(after: \"x\") { id } }", { logs: { pageInfo } }, /declare \$after/],
  "no cursor": ["{ logs(after: $a) { id } }", { logs: { pageInfo: { hasNextPage: true } } }, /ask for endCursor/],
  "one of a list": ["{ apps { logs(after: $a) { id } } }", { apps: [{ logs: { pageInfo } }] }, /ask for one alone/],
};
for (const [name, [query, data, wanted]] of Object.entries(hints)) {
  test(`a hint for ${name}`, () => assert.match(turns(query, data)[0].hint, wanted));
}

for (const data of [null, undefined, {}, { logs: null }, { logs: [] }, { logs: ["text"] }, { other: { pageInfo } }]) {
  test(`nothing to turn in ${JSON.stringify(data)}`, () => assert.deepEqual(turns("{ logs(after: $a) { id } }", data), []));
}
