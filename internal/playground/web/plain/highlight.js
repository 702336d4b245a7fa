import { element } from "./dom.js";

/** Each named group is the CSS class of what it matches. */
export const graphqlPattern = new RegExp([
  /(?<comment>#[^\n]*)/,
  /(?<string>"""[^]*?"""|"(?:\\.|[^"\\\n])*")/,
  /(?<variable>\$\w+)/,
  /(?<keyword>\b(?:query|mutation|subscription|fragment|on|true|false|null)\b(?!\s*:)|@\w+)/,
  /(?<value>\b[A-Z][A-Z0-9_]+\b|-?\b\d[\d.eE+-]*)/,
].map((rule) => rule.source).join("|"), "g");

export const jsonPattern = /(?<key>"(?:\\.|[^"\\])*"(?=\s*:))|(?<string>"(?:\\.|[^"\\])*")|(?<value>true|false|null|-?\d[\d.eE+-]*)/g;

/**
 * Cuts text into plain and coloured pieces.
 *
 * @param {string} text
 * @param {RegExp} pattern global, with one named group per class
 * @returns {DocumentFragment}
 */
export function highlight(text, pattern) {
  const painted = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const [className] = Object.entries(match.groups).find(([, found]) => found !== undefined);
    painted.append(text.slice(end, match.index), element("span", { className }, match[0]));
    end = match.index + match[0].length;
  }
  painted.append(text.slice(end));
  return painted;
}
