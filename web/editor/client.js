// Speaks to the server. An answer is a value; only a network that is away raises.

const PATIENCE = 30_000;
// A camera's photo takes minutes over a slow line.
const UPLOADING = 600_000;

export class Client {
  constructor(base, token, { fetcher = (...args) => fetch(...args) } = {}) {
    this.base = base;
    this.token = token;
    this.fetch = fetcher;
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
    for (const [name, value, file] of fields) file ? body.append(name, value, file) : body.append(name, value);
    return this.#send("POST", path, { body, patience: UPLOADING });
  }

  get(path) {
    return this.#send("GET", path, {});
  }

  async #send(method, path, { headers = {}, signal, patience = PATIENCE, ...rest }) {
    const deadline = AbortSignal.timeout(patience);
    const answer = await this.fetch(this.base + path, {
      method, ...rest, credentials: "same-origin",
      headers: { ...headers, Accept: "application/json", "X-Pli-Token": this.token },
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    const isJson = answer.headers.get("content-type")?.startsWith("application/json");
    let said = {};
    if (isJson) said = await answer.json();
    // A page where an answer should be: the session is over, and the sign-in page was sent.
    const status = answer.redirected || (answer.ok && !isJson) ? 401 : answer.status;
    return { status, said };
  }

  /** After somebody signed in again: take the token of the new session. True if there is one. */
  async renew() {
    const { status, said } = await this.get("/token");
    if (status === 200 && said.token) this.token = said.token;
    return status === 200;
  }
}

/** What a refusal says, as one text; "" if it says nothing. */
export const faultOf = (said) => said.fault || (said.faults ?? []).map((it) => it.text).join(" ");
