/** What went wrong before there was a GraphQL answer, in words to show. */
export class Problem extends Error {
  /** @param {string} [detail] such as the beginning of an answer that is not JSON */
  constructor(message, detail = "") {
    super(message);
    this.detail = detail;
  }
}

/**
 * @typedef {Object} Answer
 * @property {string} status of HTTP, code and text
 * @property {number} milliseconds until the whole answer was there
 * @property {string} text as received
 * @property {Object} body the same, parsed
 */

/**
 * Sends one operation by GraphQL over HTTP.
 *
 * @param {string} endpoint
 * @param {{query: string, variables?: Object, operationName?: ?string}} operation
 * @param {Object<string, string>} headers besides those of the protocol
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answer>}
 * @throws {Problem} if no JSON object comes back
 */
export async function send(endpoint, operation, headers, signal) {
  const request = { method: "POST", headers: allHeaders(headers), body: JSON.stringify(operation), signal };
  const start = performance.now();
  const { response, text } = await receive(endpoint, request);
  return {
    status: `${response.status} ${response.statusText}`,
    milliseconds: performance.now() - start,
    text,
    body: parse(response, text),
  };
}

function allHeaders(headers) {
  try {
    const all = new Headers(headers);
    all.set("Content-Type", "application/json");
    all.set("Accept", "application/graphql-response+json, application/json;q=0.9");
    return all;
  } catch (error) {
    throw new Problem("A header has a character that HTTP does not allow.", error.message);
  }
}

async function receive(endpoint, request) {
  try {
    const response = await fetch(endpoint, request);
    return { response, text: await response.text() };
  } catch (error) {
    if (error.name === "AbortError") throw new Problem("Cancelled.");
    throw new Problem(`No answer from ${endpoint}. Is the server running, and the network up?`, error.message);
  }
}

function parse(response, text) {
  try {
    const body = JSON.parse(text);
    if (body !== null && typeof body === "object") return body;
  } catch {
    // Told below, with what came instead.
  }
  const type = response.headers.get("Content-Type") ?? "no content type";
  throw new Problem(`The server answered ${response.status} with something that is not a GraphQL answer (${type}).`, text.slice(0, 500));
}
