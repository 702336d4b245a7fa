import assert from "node:assert/strict";
import { test } from "node:test";
import { members, Schema } from "../../web/plain/schema.js";

const type = (name, ...fields) => ({ kind: "OBJECT", name, fields: fields.map((it) => ({ name: it })) });

test("all types are listed, what gateways ask for last", () => {
  const schema = new Schema({
    queryType: { name: "Query" },
    types: [type("_Service"), type("__Type"), type("link__Import"), type("Zebra"), type("Query", "_service", "runs", "_entities", "apps"), type("App")],
  });
  assert.deepEqual(schema.types.map(({ name }) => name), ["App", "Query", "Zebra", "_Service", "link__Import"]);
  assert.deepEqual(members(schema.type("Query")).map(({ name }) => name), ["runs", "apps", "_service", "_entities"]);
});
