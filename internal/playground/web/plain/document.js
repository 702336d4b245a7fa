// Reads a GraphQL document far enough to know which field takes which variable. It forgives mistakes, which are the server's
// to find. Named fragments are passed over.

/**
 * @typedef {Object} Field
 * @property {string} key name in the answer: the alias, or the field's name
 * @property {Map<string, ?string>} args name of the variable that is the argument's whole value; null for another value
 * @property {Field[]} fields below it, those of inline fragments included
 *
 * @typedef {Object} Operation
 * @property {?string} name
 * @property {number} start offset in the text
 * @property {Field[]} fields
 */

const token = /#[^\n]*|"""(?:\\"""|[^])*?"""|"(?:\\.|[^"\\\n])*"|\.\.\.|[_A-Za-z]\w*|-?\d[\w.+-]*|[!$&():=@[\]{|}]/g;
const opening = new Set(["(", "[", "{"]);
const closing = new Set([")", "]", "}"]);
const definitions = new Set(["query", "mutation", "subscription", "fragment"]);

/**
 * @param {string} text
 * @returns {Operation[]} in the order of the document
 */
export function readOperations(text) {
  const reader = new Reader(text);
  const operations = [];
  while (!reader.atEnd) {
    const { start } = reader;
    if (reader.at("{")) {
      operations.push({ name: null, start, fields: reader.fields() });
      continue;
    }
    const definition = reader.next();
    if (!definitions.has(definition)) continue;
    const name = reader.atName ? reader.next() : null;
    const fields = reader.skipTo("{").fields();
    if (definition !== "fragment") operations.push({ name, start, fields });
  }
  return operations;
}

/**
 * @param {Operation[]} operations
 * @param {number} offset
 * @returns {Operation|undefined} the one that the offset is in, or the first
 */
export function operationAt(operations, offset) {
  return operations.findLast((it) => it.start <= offset) ?? operations[0];
}

/**
 * @param {Operation} operation
 * @param {string[]} path of an answer, list indexes left out
 * @returns {Field|undefined}
 */
export function fieldAt(operation, path) {
  return path.reduce((parent, key) => parent?.fields.find((it) => it.key === key), operation);
}

class Reader {
  #tokens;
  #at = 0;

  constructor(text) {
    this.#tokens = [...text.matchAll(token)].filter((it) => !it[0].startsWith("#"));
  }

  get atEnd() { return this.#at >= this.#tokens.length; }
  get atName() { return !this.atEnd && /^\w/.test(this.#tokens[this.#at][0]); }
  get start() { return this.#tokens[this.#at].index; }

  at(text) { return this.#tokens[this.#at]?.[0] === text; }
  next() { return this.#tokens[this.#at++]?.[0]; }

  take(text) {
    const isThere = this.at(text);
    if (isThere) this.#at++;
    return isThere;
  }

  /** Passes one value, brackets with all that is in them. */
  skip() {
    let depth = 0;
    do {
      const it = this.next();
      if (opening.has(it)) depth++;
      if (closing.has(it)) depth--;
    } while (depth > 0 && !this.atEnd);
  }

  skipTo(text) {
    while (!this.atEnd && !this.at(text)) this.skip();
    return this;
  }

  /** @returns {Field[]} */
  fields() {
    const found = [];
    this.take("{");
    while (!this.atEnd && !this.take("}")) {
      if (this.take("...")) found.push(...this.#fragment());
      else if (this.atName) found.push(this.#field());
      else this.next();
    }
    return found;
  }

  #fragment() {
    if (!this.atName || this.at("on")) return this.skipTo("{").fields();
    this.next();
    this.#skipDirectives();
    return [];
  }

  #field() {
    const key = this.next();
    if (this.take(":")) this.next();
    const args = new Map();
    if (this.take("(")) this.#readArgs(args);
    this.#skipDirectives();
    return { key, args, fields: this.at("{") ? this.fields() : [] };
  }

  #readArgs(args) {
    while (!this.atEnd && !this.take(")")) {
      const name = this.next();
      this.take(":");
      const isVariable = this.take("$");
      args.set(name, isVariable ? this.next() : null);
      if (!isVariable) this.skip();
    }
  }

  #skipDirectives() {
    while (this.take("@")) {
      this.next();
      if (this.at("(")) this.skip();
    }
  }
}
