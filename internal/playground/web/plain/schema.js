// The schema as introspection tells it.

import { Problem, send } from "./transport.js";

const input = "name description type { ...Type } defaultValue isDeprecated deprecationReason";
const introspection = `query IntrospectionQuery {
  __schema {
    queryType { name }
    mutationType { name }
    subscriptionType { name }
    types {
      kind name description
      fields(includeDeprecated: true) {
        name description type { ...Type } isDeprecated deprecationReason
        args(includeDeprecated: true) { ${input} }
      }
      inputFields(includeDeprecated: true) { ${input} }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      interfaces { name }
      possibleTypes { name }
    }
  }
}
fragment Type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }`;

/**
 * @param {string} endpoint
 * @param {Object<string, string>} headers
 * @returns {Promise<Schema>}
 * @throws {Problem} if the server does not tell its schema
 */
export async function fetchSchema(endpoint, headers) {
  const { body } = await send(endpoint, { query: introspection }, headers);
  if (!body.data?.__schema) throw new Problem("The server does not tell its schema.", body.errors?.[0]?.message);
  return new Schema(body.data.__schema);
}

/** Types by name, and what is found by a word. */
export class Schema {
  /** @param {Object} introspected the value of `__schema` */
  constructor({ queryType, mutationType, subscriptionType, types }) {
    /** All but those of introspection itself, by name, and those for gateways last. @type {Object[]} */
    this.types = types.filter(({ name }) => !name.startsWith("__")).sort(byUse);
    /** The types that operations start from. @type {Object[]} */
    this.roots = [queryType, mutationType, subscriptionType].filter(Boolean).map(({ name }) => this.type(name));
  }

  type(name) {
    return this.types.find((it) => it.name === name);
  }

  /**
   * What has the word in its name, then what has it only in its description.
   *
   * @param {string} word
   * @returns {{path: string, description: ?string}[]} path is "Type" or "Type.member"
   */
  search(word) {
    const has = (text) => text?.toLowerCase().includes(word.toLowerCase());
    const entries = this.types.flatMap((type) => [
      { name: type.name, path: type.name, description: type.description },
      ...members(type).map(({ name, description }) => ({ name, path: `${type.name}.${name}`, description })),
    ]);
    const named = entries.filter((it) => has(it.name));
    return [...named, ...entries.filter((it) => !has(it.name) && has(it.description))];
  }
}

/** Fields, input fields or enum values: a type has one of the three at most. What gateways ask for comes last. */
export function members(type) {
  const all = type.fields ?? type.inputFields ?? type.enumValues ?? [];
  return all.toSorted((a, b) => isForGateways(a) - isForGateways(b));
}

function byUse(a, b) {
  return isForGateways(a) - isForGateways(b) || (a.name < b.name ? -1 : 1);
}

/** True of Apollo Federation's types and fields. */
function isForGateways({ name }) {
  return /^(_|link__|federation__)/.test(name);
}

/** @returns {string} the name within a type such as [T!]! */
export function namedType(type) {
  return type.ofType ? namedType(type.ofType) : type.name;
}

/** @returns {[string, string]} what stands before and after that name in SDL */
export function typeWrapping(type) {
  if (!type.ofType) return ["", ""];
  const [before, after] = typeWrapping(type.ofType);
  return type.kind === "LIST" ? [`[${before}`, `${after}]`] : [before, `${after}!`];
}
