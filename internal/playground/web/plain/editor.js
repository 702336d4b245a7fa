import { highlight } from "./highlight.js";

/**
 * Makes a textarea with a <pre> before it an editor, with colours and with keys to indent and to run.
 *
 * @param {HTMLTextAreaElement} textarea
 * @param {{pattern: RegExp, onRun: function(), onChange: function()}} options
 * @returns {{text: string, caret: number}} text can be set, which does not call onChange
 */
export function makeEditor(textarea, { pattern, onRun, onChange }) {
  // A last line that is empty has no height in a <pre>, so it gets a blank.
  const paint = () => textarea.previousElementSibling.replaceChildren(highlight(textarea.value, pattern), " ");
  let tabLeaves = false;
  textarea.addEventListener("keydown", (event) => {
    const action = tabLeaves && event.key === "Tab" ? null : actionOf(event, textarea, onRun);
    // Tab indents, which would hold keyboard users in here; after Escape it has its usual meaning.
    tabLeaves = event.key === "Escape";
    if (!action) return;
    event.preventDefault();
    action();
  });
  textarea.addEventListener("input", () => {
    paint();
    onChange();
  });
  return {
    get text() { return textarea.value; },
    set text(text) {
      textarea.value = text;
      paint();
    },
    get caret() { return textarea.selectionStart; },
  };
}

function actionOf({ key, ctrlKey, metaKey, shiftKey, isComposing }, textarea, onRun) {
  if (isComposing) return null;
  if (key === "Enter" && (ctrlKey || metaKey)) return onRun;
  if (key === "Enter" && !shiftKey) return () => insert(textarea, "\n" + indentation(textarea));
  if (key === "Tab" && !shiftKey) return () => insert(textarea, "  ");
  return null;
}

/** That of the caret's line, and one step more after an opening bracket. */
function indentation({ value, selectionStart }) {
  const line = value.slice(0, selectionStart).split("\n").at(-1);
  return line.match(/^ */)[0] + (/[{([]\s*$/.test(line) ? "  " : "");
}

/** Deprecated as it is, only execCommand lets the browser's own undo take the change back. */
function insert(textarea, text) {
  if (document.execCommand("insertText", false, text)) return;
  textarea.setRangeText(text, textarea.selectionStart, textarea.selectionEnd, "end");
  textarea.dispatchEvent(new Event("input"));
}
