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

  /** `status` is 0 for what something else said in place of our server. */
  async #send(method, path, { headers = {}, signal, patience = PATIENCE, ...rest }) {
    const deadline = AbortSignal.timeout(patience);
    const answer = await this.fetch(this.base + path, {
      method, ...rest, credentials: "same-origin",
      headers: { ...headers, Accept: "application/json", "X-Pli-Token": this.token },
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    if (answer.redirected) return { status: isSignIn(answer.url) ? 401 : 0, said: {} };
    const isJson = answer.headers.get("content-type")?.startsWith("application/json");
    if (!isJson) return { status: answer.ok ? 0 : answer.status, said: {} };
    try {
      return { status: answer.status, said: await answer.json() };
    } catch (error) {
      // An answer that was cut off is no answer: its end may still say something else.
      if (error instanceof SyntaxError) return { status: 0, said: {} };
      throw error;
    }
  }

  /** Who is signed in now: {account, name, token, may_write}; null if nobody is. */
  async whoIs() {
    const { status, said } = await this.get("/token");
    return status === 200 && said.token ? { ...said, account: String(said.account) } : null;
  }

  /** Go on with the token of another session, as do the forms of the page. */
  take(token) {
    const before = this.token;
    this.token = token;
    for (const it of globalThis.document?.querySelectorAll("input[name=token]") ?? []) {
      if (it.value === before) it.value = token;
    }
  }
}

const isSignIn = (address) => new URL(address).pathname.startsWith("/office/sign-in");

/** What a refusal says, as one text; "" if it says nothing. */
export const faultOf = (said) => said.fault || (said.faults ?? []).map((it) => it.text).join(" ");
