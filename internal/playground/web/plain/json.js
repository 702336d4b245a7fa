const token = /"(?:\\.|[^"\\])*"|[[\]{},:]|[^\s[\]{},:"]+/g;
const opens = (it) => it === "{" || it === "[";
const closes = (it) => it === "}" || it === "]";

/**
 * Indents valid JSON without parsing it into numbers: a token count beyond 2^53 stays what the server wrote.
 *
 * @param {string} text
 * @returns {string}
 */
export function indent(text) {
  const tokens = text.match(token) ?? [];
  let line = "\n";
  return tokens.map((it, at) => {
    if (it === ":") return ": ";
    if (it === ",") return it + line;
    if (opens(it)) {
      line += "  ";
      return closes(tokens[at + 1]) ? it : it + line;
    }
    if (closes(it)) {
      line = line.slice(0, -2);
      return opens(tokens[at - 1]) ? it : line + it;
    }
    return it;
  }).join("");
}

/**
 * Reads what someone typed where a JSON object is wanted; nothing typed is an empty object.
 *
 * @param {string} text
 * @returns {Object<string, *>}
 * @throws {SyntaxError} with a message to show
 */
export function parseObject(text) {
  if (text.trim() === "") return {};
  const value = JSON.parse(text);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new SyntaxError("One such as {\"first\": 20} is wanted.");
  }
  return value;
}
