// The token that requests are sent with: one for all that the page asks for. It lives as long as the browser's tab, outlives reloads,
// and is in no link.

const key = "difygraph:token";

/** @returns {Object<string, string>} the header that shows it; none where there is no token */
export function tokenHeader() {
  const token = sessionStorage.getItem(key);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/**
 * Makes a field for it, which has what was given before.
 *
 * @param {HTMLInputElement} input
 * @param {function()} onChange called after another was given
 */
export function makeTokenField(input, onChange) {
  input.value = sessionStorage.getItem(key) ?? "";
  input.onchange = () => {
    sessionStorage.setItem(key, input.value.trim().replace(/^Bearer\s+/i, ""));
    onChange();
  };
}
