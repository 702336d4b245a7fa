import { byId, element } from "./dom.js";
import { highlight, jsonPattern } from "./highlight.js";
import { indent } from "./json.js";

/**
 * Shows an answer, with its GraphQL errors in words above it.
 *
 * @param {import("./transport.js").Answer} answer
 * @param {Object[]} turns and hints of pages.js
 * @param {function(Object)} onTurn gets the turn of a button that was pressed
 */
export function showAnswer(answer, turns, onTurn) {
  show({
    status: `${answer.status} · ${duration(answer.milliseconds)} · ${size(answer.text)}`,
    errors: (answer.body.errors ?? []).map(describeError),
    turns: turns.map((it) => it.hint ? element("span", { className: "hint" }, it.hint) : turnButton(it, onTurn)),
    output: highlight(indent(answer.text), jsonPattern),
  });
}

/** @param {import("./transport.js").Problem} problem */
export function showProblem(problem) {
  show({ status: "No answer", errors: [describeError(problem)], turns: [], output: "" });
}

/** Shows a text that could not be copied, for people to copy. */
export function showText(status, text) {
  show({ status, errors: [], turns: [], output: text });
}

function show({ status, errors, turns, output }) {
  byId("status").textContent = status;
  byId("errors").replaceChildren(...errors);
  byId("pager").replaceChildren(...turns);
  byId("output").replaceChildren(output);
  byId("output").scrollTop = 0;
  // On a phone the result is below the query, out of sight.
  if (matchMedia("(max-width: 52rem)").matches) document.querySelector(".result").scrollIntoView();
}

function turnButton(turn, onTurn) {
  return element("button", { type: "button", className: `turn-${turn.direction}`, onclick: () => onTurn(turn) }, turn.label);
}

/** @param {{message: string, detail?: string, path?: (string|number)[], extensions?: {code?: string}}} error */
function describeError({ message, detail, path, extensions }) {
  const where = [extensions?.code, path && `at ${path.join(".")}`, detail].filter(Boolean).join(" ");
  return element("p", { className: "problem" }, message, element("small", {}, where));
}

function duration(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

function size(text) {
  const bytes = new Blob([text]).size;
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`;
}
