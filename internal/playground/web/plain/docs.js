import { element } from "./dom.js";
import { members, namedType, typeWrapping } from "./schema.js";

const mostHits = 50;

/** The documentation: a page per type and field, a search, and a way back. */
export class Docs {
  #root;
  #load;
  #onMove;
  #schema = null;
  #path = "";
  #trail = [];
  #content = element("div");
  #back = element("button", { type: "button", ariaLabel: "Back", onclick: () => this.#goBack() }, "←");
  #search = element("input", {
    type: "search", placeholder: "Search types and fields", ariaLabel: "Search the documentation", oninput: () => this.#show(),
  });

  /**
   * @param {HTMLElement} root
   * @param {{load: function(): Promise<import("./schema.js").Schema>, onMove: function(string)}} options
   *   onMove gets the path of each page that is gone to: "", "Type" or "Type.field"
   */
  constructor(root, { load, onMove }) {
    this.#root = root;
    this.#load = load;
    this.#onMove = onMove;
    root.append(element("div", { className: "docs-top" }, this.#back, this.#search), this.#content);
  }

  get isOpen() { return this.#schema !== null; }
  get wasOpened() { return this.#content.childNodes.length > 0; }

  /** @param {string} path of the page to open first */
  async open(path) {
    this.#path = path;
    this.#content.replaceChildren("Reading the schema …");
    try {
      this.#schema = await this.#load();
      this.#show();
    } catch (problem) {
      const text = element("p", { className: "problem" }, problem.message, element("small", {}, problem.detail ?? ""));
      this.#content.replaceChildren(text, element("button", { type: "button", onclick: () => this.open(path) }, "Try again"));
    }
  }

  #goTo(path) {
    this.#trail.push({ path: this.#path, search: this.#search.value });
    this.#move({ path, search: "" });
    this.#content.querySelector("h2").focus();
  }

  #goBack() {
    this.#move(this.#trail.pop() ?? { path: "", search: "" });
  }

  #move({ path, search }) {
    this.#path = path;
    this.#search.value = search;
    this.#onMove(path);
    this.#show();
  }

  #show() {
    if (!this.isOpen) return;
    this.#back.disabled = this.#trail.length === 0 && this.#path === "";
    this.#content.replaceChildren(...this.#page());
    this.#root.scrollTop = 0;
  }

  #page() {
    const word = this.#search.value.trim();
    if (word !== "") return this.#hits(word);
    const [typeName, memberName] = this.#path.split(".");
    const type = this.#schema.type(typeName);
    const member = type && members(type).find(({ name }) => name === memberName);
    if (member) return this.#memberPage(type, member);
    return type ? this.#typePage(type) : this.#startPage();
  }

  #hits(word) {
    const hits = this.#schema.search(word);
    const summary = hits.length > mostHits ? `The first ${mostHits} of ${hits.length}` : `${hits.length} found`;
    return [element("h3", {}, summary), list(hits.slice(0, mostHits).map((it) => this.#entry(it.path, it)))];
  }

  #startPage() {
    const { roots, types } = this.#schema;
    const others = types.filter((it) => !roots.includes(it));
    return [
      ...roots.flatMap((type) => [heading(type.name), list(members(type).map((it) => this.#member(type, it)))]),
      ...section("Types", others.map((it) => this.#entry(it.name, it))),
    ];
  }

  #typePage(type) {
    const related = [...type.interfaces ?? [], ...type.possibleTypes ?? []];
    return [
      heading(type.name),
      element("div", { className: "kind" }, kindOf(type)),
      ...prose(type.description),
      ...section("Members", members(type).map((it) => this.#member(type, it))),
      ...section(type.kind === "OBJECT" ? "Implements" : "Possible types", related.map(({ name }) => this.#entry(name, {}))),
    ];
  }

  #memberPage(type, member) {
    return [
      heading(member.name),
      element("div", { className: "kind" }, "of ", this.#link(type.name), ...this.#typed(member)),
      ...deprecation(member),
      ...prose(member.description),
      ...section("Arguments", (member.args ?? []).map((it) => this.#argument(it))),
    ];
  }

  #entry(path, { kind, description }) {
    const after = kind ? element("span", { className: "kind" }, ` ${kindOf({ kind })}`) : "";
    return element("li", {}, this.#link(path), after, ...firstSentence(description));
  }

  #member(type, member) {
    const name = this.#link(`${type.name}.${member.name}`, member.name, "own");
    return element("li", {}, element("span", { className: "name" }, name, ...this.#typed(member)), ...deprecation(member), ...prose(member.description));
  }

  #argument(arg) {
    const name = element("b", {}, arg.name);
    return element("li", {}, element("span", { className: "name" }, name, ...this.#typed(arg)), ...deprecation(arg), ...prose(arg.description));
  }

  /** Its type and default, as SDL has them after a name; enum values have neither. */
  #typed({ type, defaultValue }) {
    if (!type) return [];
    const [before, after] = typeWrapping(type);
    const ending = defaultValue ? `${after} = ${defaultValue}` : after;
    return [element("span", { className: "name" }, `: ${before}`, this.#link(namedType(type)), ending)];
  }

  #link(path, text = path, className = "name") {
    const onclick = (event) => {
      event.preventDefault();
      this.#goTo(path);
    };
    return element("a", { href: `#docs=${encodeURIComponent(path)}`, className, onclick }, text);
  }
}

/** Takes the focus after a link was followed, so that who goes by keyboard or by ear is where it led. */
function heading(text) {
  return element("h2", { tabIndex: -1 }, text);
}

function list(items) {
  return element("ul", {}, ...items);
}

function section(title, items) {
  return items.length > 0 ? [element("h3", {}, title), list(items)] : [];
}

function kindOf({ kind }) {
  return kind.toLowerCase().replace("_", " ");
}

function deprecation({ isDeprecated, deprecationReason }) {
  return isDeprecated ? [element("div", { className: "deprecated" }, "Deprecated. ", deprecationReason ?? "")] : [];
}

/** Descriptions are Markdown; paragraphs and `code` are what they use of it. */
function prose(description) {
  const paragraphs = (description ?? "").split(/\n\s*\n/).filter((it) => it.trim() !== "");
  return paragraphs.map((text) => element("p", {}, ...text.split("`").map((part, at) => at % 2 ? element("code", {}, part) : part)));
}

function firstSentence(description) {
  return prose(description?.match(/^[^]*?\.(?=\s|$)/)?.[0] ?? description);
}
