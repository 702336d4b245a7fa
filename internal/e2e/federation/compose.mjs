// Composes subgraphs: node compose.mjs NAME=FILE...
// Prints every error and hint of the composition, and fails if there is one. A hint is a difference between subgraphs that
// composition settles by itself, and not always as its authors would.
import { readFileSync } from "node:fs";

import { composeServices } from "@apollo/composition";
import { parse } from "graphql";

const subgraphs = process.argv.slice(2).map((argument) => {
  const [name, file] = argument.split("=", 2);
  return { name, typeDefs: parse(readFileSync(file, "utf8")) };
});
const { errors = [], hints = [] } = composeServices(subgraphs);
for (const error of errors) {
  console.log(`error ${error.extensions.code}: ${error.message}`);
}
for (const hint of hints) {
  console.log(`hint ${hint.definition.code}: ${hint.message}`);
}
if (errors.length + hints.length > 0) {
  process.exitCode = 1;
}
