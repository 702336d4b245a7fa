// The query, its variables and the page of the documentation live in the URL's fragment: a reload keeps them, a link shares
// them, and a fragment is never sent to a server. Headers are not among them, since they carry credentials.

const keys = ["query", "variables", "docs"];

/** @returns {{query: ?string, variables: ?string, docs: ?string}} null where the URL says nothing */
export function readState() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(keys.map((key) => [key, fragment.get(key)]));
}

/** @param {{query: string, variables: string, docs: ?string}} state */
export function writeState(state) {
  const fragment = new URLSearchParams(Object.entries(state).filter(([, value]) => value));
  history.replaceState(null, "", `#${fragment}`);
}
