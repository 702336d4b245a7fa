// Starts GraphiQL, which the scripts before this one have put into the page's globals.

import { makeTokenField, tokenHeader } from "./token.js";

const { endpoint, examples } = await (await fetch(new URL("settings.json", import.meta.url))).json();
const tabs = examples.map(({ query, variables }) => ({ query, variables: JSON.stringify(JSON.parse(variables), null, 2) }));
// GraphiQL keeps its tabs in localStorage, and opens those on the next visit.
const isFirstVisit = localStorage.getItem("graphiql:tabState") === null;
const root = ReactDOM.createRoot(document.getElementById("graphiql"));

/** Begins anew, with the tabs that are kept: the schema is read with the token that there is now. */
function show(times) {
  root.render(React.createElement(GraphiQL, {
    key: times,
    fetcher: GraphiQL.createFetcher({ url: endpoint, headers: tokenHeader() }),
    defaultTabs: tabs,
    // GraphiQL 4 leaves the variables of the first default tab out of the editor. On later visits this would open a new tab.
    variables: isFirstVisit && times === 0 ? tabs[0]?.variables : undefined,
    // Page sizes and cursors are variables: show them.
    defaultEditorToolsVisibility: "variables",
    // Headers carry credentials, which do not belong into localStorage.
    shouldPersistHeaders: false,
  }));
}

let times = 0;
makeTokenField(document.getElementById("token"), () => show(++times));
show(times);
