/**
 * Makes an element.
 *
 * Children that are strings go in as text, never as HTML: descriptions and answers come from elsewhere.
 *
 * @param {string} tag
 * @param {Object<string, *>} [properties] DOM properties, such as className or onclick
 * @param {...(Node|string)} children
 * @returns {HTMLElement}
 */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** @returns {HTMLElement} */
export function byId(id) {
  return document.getElementById(id);
}
