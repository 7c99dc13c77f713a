// Speaks to the server. An answer is a value; only a network that is away raises.

const PATIENCE = 30_000;

export class Client {
  constructor(base, token, { fetcher = (...args) => fetch(...args) } = {}) {
    this.base = base;
    this.token = token;
    this.fetch = fetcher;
    this.signedOut = () => {};
  }

  /** Send JSON: {status, said}. */
  json(method, path, value, { signal, keepalive = false } = {}) {
    return this.#send(method, path, {
      body: JSON.stringify(value), signal, keepalive,
      headers: { "Content-Type": "application/json" },
    });
  }

  /** Send a form with files: {status, said}. */
  form(path, fields) {
    const body = new FormData();
    body.append("token", this.token);
    for (const [name, value, file] of fields) file ? body.append(name, value, file) : body.append(name, value);
    return this.#send("POST", path, { body });
  }

  get(path) {
    return this.#send("GET", path, {});
  }

  async #send(method, path, { headers = {}, signal, ...rest }) {
    const deadline = AbortSignal.timeout(PATIENCE);
    const answer = await this.fetch(this.base + path, {
      method, ...rest, credentials: "same-origin",
      headers: { ...headers, Accept: "application/json", "X-Token": this.token },
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    const isJson = answer.headers.get("content-type")?.startsWith("application/json");
    let said = {};
    if (isJson) said = await answer.json();
    // A page where an answer should be: the session is over, and the sign-in page was sent.
    const status = answer.redirected || (answer.ok && !isJson) ? 401 : answer.status;
    if (status === 401) this.signedOut();
    return { status, said };
  }

  /** After somebody signed in again: take the token of the new session. True if there is one. */
  async renew() {
    const answer = await this.fetch(this.base, { credentials: "same-origin", headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = page.querySelector("form#writing")?.dataset.token;
    if (token) this.token = token;
    return Boolean(token);
  }
}
