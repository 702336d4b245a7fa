import assert from "node:assert/strict";
import { test } from "node:test";

import { indent, parseObject } from "../../web/plain/json.js";

for (const value of [null, {}, [], [[]], { a: [] }, { a: { b: [1, -2.5e7, "x: {\"y\", [1]}", true] }, c: [{}, {}] }, "\\\"{"]) {
  const text = JSON.stringify(value);
  test(`indents ${text}`, () => {
    assert.equal(indent(text), JSON.stringify(value, null, 2));
    assert.equal(indent(indent(text)), indent(text));
  });
}

test("keeps digits that a double has not", () => {
  assert.equal(indent("{\"tokens\":9007199254740993}"), "{\n  \"tokens\": 9007199254740993\n}");
});

test("reads objects only", () => {
  assert.deepEqual(parseObject(" \n"), {});
  assert.deepEqual(parseObject("{\"first\": 1}"), { first: 1 });
  for (const text of ["null", "[]", "1", "{"]) assert.throws(() => parseObject(text), SyntaxError);
});
