// Puts the page together: editors, documentation, results, and the run between them.

import { curlCommand } from "./curl.js";
import { Docs } from "./docs.js";
import { byId, element } from "./dom.js";
import { operationAt, readOperations } from "./document.js";
import { makeEditor } from "./editor.js";
import { graphqlPattern, jsonPattern } from "./highlight.js";
import { indent, parseObject } from "./json.js";
import { pageTurns } from "./pages.js";
import { showAnswer, showProblem, showText } from "./result.js";
import { fetchSchema } from "./schema.js";
import { readState, writeState } from "./state.js";
import { makeTokenField, tokenHeader } from "./token.js";
import { send } from "./transport.js";

const { endpoint, examples } = await (await fetch(new URL("settings.json", import.meta.url))).json();
const query = makeEditor(byId("query"), { pattern: graphqlPattern, onRun: run, onChange: changed });
const variables = makeEditor(byId("variables"), { pattern: jsonPattern, onRun: run, onChange: changed });
const headers = makeEditor(byId("headers"), { pattern: jsonPattern, onRun: run, onChange() {} });
const docs = new Docs(byId("docs"), { load: () => fetchSchema(endpoint, allHeaders()), onMove: moved });

let docsPath = null;
/** Of the request under way. @type {?AbortController} */
let cancel = null;

function start() {
  const state = readState();
  docsPath = state.docs;
  byId("examples").append(...examples.map(({ name }, at) => element("option", { value: String(at) }, name)));
  byId("examples").onchange = (event) => openExample(examples[event.target.value]);
  byId("run").onclick = run;
  byId("copy-curl").onclick = () => copy(curl);
  byId("copy-link").onclick = () => copy(() => location.href);
  makeTokenField(byId("token"), () => {
    if (docs.wasOpened) docs.open(docsPath ?? "");
  });
  byId("toggle-docs").onclick = () => {
    toggleDocs(byId("docs").hidden);
    byId("docs").scrollIntoView({ block: "nearest" });
  };
  if (state.query === null) {
    byId("examples").value = "0";
    openExample(examples[0]);
  } else {
    open({ query: state.query, variables: state.variables ?? "" });
  }
  toggleDocs(docsPath !== null || matchMedia("(min-width: 75rem)").matches);
  // Someone follows a link to another query in this same page.
  addEventListener("hashchange", () => location.reload());
}

/** The entry "Your own query" has no example. */
function openExample(example) {
  if (example) open({ query: example.query, variables: indent(example.variables) });
}

function open(request) {
  query.text = request.query;
  variables.text = request.variables;
  save();
}

/** What someone types is no example any more. */
function changed() {
  byId("examples").value = "";
  save();
}

function moved(path) {
  docsPath = path;
  save();
}

function save() {
  writeState({ query: query.text, variables: variables.text, docs: docsPath });
}

function toggleDocs(isShown) {
  byId("docs").hidden = !isShown;
  byId("toggle-docs").ariaExpanded = String(isShown);
  if (isShown && !docs.isOpen) docs.open(docsPath ?? "");
}

/** Runs the operation that the caret is in; a second press while one is under way cancels it. */
async function run() {
  if (cancel) {
    cancel.abort();
    return;
  }
  cancel = new AbortController();
  showRunning(true);
  try {
    await runWith(readPane("variables", variables), allHeaders());
  } catch (problem) {
    showProblem(problem);
  } finally {
    cancel = null;
    showRunning(false);
  }
}

/** Those of the pane win over the token. */
function allHeaders() {
  return { ...tokenHeader(), ...readPane("headers", headers) };
}

function curl() {
  const { request } = theRequest(readPane("variables", variables));
  const others = readPane("headers", headers);
  return curlCommand(new URL(endpoint, location.href).href, request, others, !others.Authorization && Boolean(tokenHeader().Authorization));
}

async function copy(make) {
  try {
    const text = make();
    // Only pages by https or of this machine have a clipboard.
    await (navigator.clipboard?.writeText(text) ?? Promise.reject()).then(
      () => { byId("status").textContent = "Copied"; }, () => showText("To copy", text));
  } catch (problem) {
    showProblem(problem);
  }
}

function theRequest(values) {
  const operation = operationAt(readOperations(query.text), query.caret);
  return { operation, request: { query: query.text, variables: values, operationName: operation?.name } };
}

async function runWith(values, extraHeaders) {
  const { operation, request } = theRequest(values);
  const answer = await send(endpoint, request, extraHeaders, cancel.signal);
  const turns = operation ? pageTurns(operation, answer.body.data) : [];
  showAnswer(answer, turns, (turn) => turnPage(turn.change(values)));
}

async function turnPage(values) {
  variables.text = indent(JSON.stringify(values));
  save();
  await run();
  // The button that was pressed is gone, and the focus with it.
  document.querySelector("#pager button")?.focus();
}

function showRunning(isRunning) {
  byId("run").textContent = isRunning ? "Cancel" : "Run";
  document.querySelector(".result").ariaBusy = String(isRunning);
}

/**
 * @returns {Object<string, *>} what the pane holds
 * @throws {Error} with words to show
 */
function readPane(name, editor) {
  try {
    return parseObject(editor.text);
  } catch (error) {
    throw new Error(`The ${name} are not a JSON object. ${error.message}`);
  }
}

start();
