/**
 * The command that sends a request as the page does. The token stands for itself in $TOKEN, so that the command can be shown around.
 *
 * @param {string} url
 * @param {{query: string, variables: Object, operationName: ?string}} request
 * @param {Object<string, string>} headers
 * @param {boolean} hasToken
 * @returns {string}
 */
export function curlCommand(url, request, headers, hasToken) {
  const all = Object.entries({ "Content-Type": "application/json", ...headers }).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  if (hasToken) all.push('-H "Authorization: Bearer $TOKEN"');
  return [`curl -s ${quoted(url)}`, ...all, `-d ${quoted(JSON.stringify(request))}`].join(" \\\n  ");
}

/** As a shell takes it, whatever is in it. */
function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
