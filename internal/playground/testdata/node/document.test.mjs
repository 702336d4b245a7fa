import assert from "node:assert/strict";
import { test } from "node:test";

import { fieldAt, operationAt, readOperations } from "../../web/plain/document.js";

function argsAt(query, ...path) {
  const field = fieldAt(readOperations(query)[0], path);
  return field && Object.fromEntries(field.args);
}

const fields = {
  "an alias": ["{ all: logs(after: $a) { id } }", ["all"], { after: "a" }],
  "a nested field": ["{ app(key: \"x\") { logs(first: 1, after: $a) { id } } }", ["app", "logs"], { first: null, after: "a" }],
  "an inline fragment": ["{ app { ... on App @include(if: $x) { logs(after: $a) } } }", ["app", "logs"], { after: "a" }],
  "after a spread": ["{ ...More @skip(if: $x) logs(after: $a) }", ["logs"], { after: "a" }],
  "default values": ["query Q($f: F = {s: [A]}, $a: String) @live { logs(filter: {s: [A, {t: $x}]}, after: $a) }", ["logs"], { filter: null, after: "a" }],
  "brackets in strings and comments": ["# {(\n{ logs(k: \"}) \\\" {\", b: \"\"\" } \"\"\", after: $a) }", ["logs"], { k: null, b: null, after: "a" }],
  "keywords as names": ["{ query(on: $a) { fragment } }", ["query"], { on: "a" }],
  "a fragment defined first": ["fragment F on T { logs(after: $b) } query { logs(after: $a) }", ["logs"], { after: "a" }],
  "no such field": ["{ logs }", ["runs"], undefined],
};
for (const [name, [query, path, wanted]] of Object.entries(fields)) {
  test(name, () => assert.deepEqual(argsAt(query, ...path), wanted));
}

test("the operation that the caret is in", () => {
  const text = "query A { a } query B { b }";
  const operations = readOperations(text);
  assert.deepEqual(operations.map(({ name }) => name), ["A", "B"]);
  assert.equal(operationAt(operations, 3).name, "A");
  assert.equal(operationAt(operations, text.length).name, "B");
  assert.equal(operationAt(readOperations("# only a comment"), 0), undefined);
});

test("any beginning of a document is read to its end", () => {
  const text = "query Q($f: F = {s: [A]}) @live { all: logs(filter: {s: [A]}, after: $a) @x(y: 1) { ... on T { id } ...F } }";
  for (let end = 0; end <= text.length; end++) readOperations(text.slice(0, end));
});
