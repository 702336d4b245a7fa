// Turns the pages of Relay connections: finds them in an answer, and the variables that ask for the page beside.

import { fieldAt } from "./document.js";

/**
 * @typedef {Object} Turn
 * @property {"next"|"previous"} direction
 * @property {string} label what to write on the button
 * @property {function(Object): Object} change makes the variables of that page from those of this one
 *
 * @typedef {{hint: string}} Hint why there is no turn, and what to change in the query
 */

const ways = [
  { direction: "next", label: "Next page", more: "hasNextPage", cursor: "endCursor", arg: "after", size: "first", otherCursor: "before", otherSize: "last" },
  { direction: "previous", label: "Previous page", more: "hasPreviousPage", cursor: "startCursor", arg: "before", size: "last", otherCursor: "after", otherSize: "first" },
];

/**
 * The turns that an answer offers, and a hint where the query lacks what a turn takes.
 *
 * @param {import("./document.js").Operation} operation
 * @param {*} data of the answer
 * @returns {(Turn|Hint)[]}
 */
export function pageTurns(operation, data) {
  const connections = [...findConnections(data)];
  return connections.flatMap((connection) => {
    const field = fieldAt(operation, connection.path);
    const suffix = connections.length > 1 ? `: ${connection.path.join(".")}` : "";
    return field ? ways.flatMap((way) => turn({ ...way, label: way.label + suffix }, connection, field)) : [];
  });
}

function turn(way, { pageInfo, isOneOfMany }, { key, args }) {
  const variable = args.get(way.arg);
  // Nobody misses the way back in a query that only goes forward.
  if (!pageInfo[way.more] || (!variable && way.direction === "previous")) return [];
  if (isOneOfMany) return hint(`Each ${key} in a list has its own: ask for one alone to turn them.`);
  if (!variable) return hint(`To turn to them by a click, declare $after: String in the query and pass after: $after to ${key}.`);
  if (!pageInfo[way.cursor]) return hint(`To turn to them by a click, ask for ${way.cursor} in pageInfo.`);
  return [{ direction: way.direction, label: way.label, change: (variables) => changed(variables, args, way, pageInfo[way.cursor]) }];
}

function hint(text) {
  return [{ hint: `There are more pages. ${text}` }];
}

/** A turn also gives up what would contradict it: a server refuses `first` beside `last`. */
function changed(variables, args, way, cursor) {
  const made = { ...variables, [args.get(way.arg)]: cursor };
  const [size, otherSize, otherCursor] = [way.size, way.otherSize, way.otherCursor].map((arg) => args.get(arg));
  if (otherCursor) made[otherCursor] = null;
  if (size && otherSize) {
    made[size] ??= made[otherSize];
    made[otherSize] = null;
  }
  return made;
}

/** One for each path; of those in a list the first says enough. */
function* findConnections(value, path = []) {
  for (const [key, child] of Object.entries(value ?? {})) {
    const isOneOfMany = Array.isArray(child);
    const [first] = isOneOfMany ? child : [child];
    if (first === null || typeof first !== "object") continue;
    if (first.pageInfo) yield { path: [...path, key], isOneOfMany: false, pageInfo: first.pageInfo };
    for (const below of findConnections(first, [...path, key])) {
      yield { ...below, isOneOfMany: isOneOfMany || below.isOneOfMany };
    }
  }
}
