// Saves what is written: one save at a time, each with the version it was based on and a key of its
// own. A save without an answer is sent again with its key until it has one, so that it counts once.
// No clock is compared: versions say what is newer.

const QUIET = 1_000;
const LONGEST = 10_000;
const COPY = 250;
const FIRST_RETRY = 2_000;
const LONGEST_RETRY = 30_000;
const REFUSED = { 404: "unseen", 410: "gone", 413: "too_large", 422: "refused", 423: "locked" };
/** What somebody has to answer first. */
const HELD = new Set(["conflict", "session", "forbidden"]);
const BUSY = new Set([408, 425, 429, 502, 503, 504]);

/** What a status refuses for good, until the text is another one; undefined if asking again helps. */
const refusalOf = (status) => REFUSED[status]
  ?? (status >= 400 && status < 500 && !isStrange(status) && !BUSY.has(status) ? "not_understood" : undefined);

/** No status, or one that our server says only with a version, and here came without. */
const isStrange = (status) => status < 400 || status === 409;

/** Why there is no answer of ours. */
const whyOf = (status) => {
  if (isStrange(status)) return "strange";
  return BUSY.has(status) ? "busy" : "broken";
};

/**
 * `take()` gives {front, body}; `send(save)` gives {status, said}, or raises if there is no network;
 * `keep(copy)` and `forget()` are for the copy in the browser; `tell(state, details)` shows. A save
 * that failed for a reason that may pass is told with `why`, and sent again; one that was refused
 * waits until something else is written, or somebody asks for it.
 */
export class Saving {
  constructor({ version, take, send, keep, forget, tell, timers = globalThis, newKey }) {
    Object.assign(this, { version, take, send, keep, forget, tell, timers });
    this.newKey = newKey ?? (() => crypto.randomUUID());
    this.changes = 0;
    this.savedChanges = 0;
    this.unanswered = null;
    this.busy = false;
    this.stopped = null;
    this.failures = 0;
    this.waiting = {};
    this.asked = false;
    this.hasCopy = true;
  }

  get isDirty() {
    return this.changes !== this.savedChanges || this.unanswered !== null;
  }

  /** Something was written. */
  changed() {
    this.changes += 1;
    this.#after("copy", COPY, () => this.#copy(), true);
    if (HELD.has(this.stopped)) return;
    this.stopped = null;
    if (!this.failures) this.#after("quiet", QUIET, () => this.save());
    this.#after("longest", LONGEST, () => this.save(), true);
  }

  /** Save now; `asked`: a person asked for it, and the version is kept. */
  async save({ asked = false } = {}) {
    this.asked ||= asked;
    if (this.busy || this.stopped) return;
    if (!this.isDirty && !this.asked) return;
    this.busy = true;
    this.#clear("quiet", "longest", "retry");
    const save = this.unanswered ?? this.#next();
    this.unanswered = save;
    this.tell("saving");
    let answer;
    try {
      answer = await this.send(save);
    } catch (error) {
      answer = { why: error?.name === "TimeoutError" ? "slow" : "away", said: {} };
    }
    this.busy = false;
    await this.#judge(save, answer);
  }

  #next() {
    const { front, body } = this.take();
    const save = { base: this.version, key: this.newKey(), asked: this.asked, front, body, changes: this.changes };
    this.asked = false;
    return save;
  }

  async #judge(save, { status = 0, said, why }) {
    if (status >= 200 && status < 300 && Number.isInteger(said.version)) {
      this.unanswered = null;
      await this.#accepted(save, said);
    } else if (status === 409 && Number.isInteger(said.version)) {
      this.unanswered = null;
      await this.#newer(save, said);
    } else if (status === 401 || status === 403) {
      // 403 is also said to the token of a session that is over, while another one has begun.
      this.stopped = status === 401 ? "session" : "forbidden";
      await this.#copy();
      this.tell(this.stopped, said);
    } else if (refusalOf(status)) {
      this.unanswered = null;
      this.stopped = refusalOf(status);
      await this.#copy();
      this.tell(this.stopped, said);
    } else {
      this.failures += 1;
      await this.#copy();
      this.tell("failed", { status, why: why ?? whyOf(status) });
      const wait = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** (this.failures - 1));
      this.#after("retry", wait, () => this.save());
    }
  }

  async #accepted(save, said) {
    this.version = said.version;
    // What the server has: both texts of a conflict are compared with it.
    this.latest = save.body;
    this.failures = 0;
    this.savedChanges = save.changes;
    if (this.changes === save.changes) {
      this.#clear("copy");
      await this.forget();
      // A change while the copy was deleted needs one again.
      if (this.changes !== save.changes) await this.#copy();
      this.tell("saved", said);
    } else {
      this.tell("saved", said);
      this.#after("quiet", QUIET, () => this.save());
    }
    if (this.asked) await this.save();
  }

  async #newer(save, said) {
    const same = said.body === save.body
      && Object.keys(save.front).every((it) => said.front?.[it] === save.front[it]);
    if (same) {
      await this.#accepted(save, said);
      return;
    }
    this.stopped = "conflict";
    await this.#copy();
    this.tell("conflict", said);
  }

  /** Somebody is asked to choose between two texts: until then nothing is saved. */
  hold() {
    this.stopped = "conflict";
    this.#clear("quiet", "longest", "retry");
  }

  /** Somebody chose between both texts: what is written now is based on that version. */
  resolved(version) {
    this.version = Math.max(this.version, version);
    this.stopped = null;
    this.failures = 0;
    this.changes += 1;
    return this.save({ asked: true });
  }

  /** The network, or the session, is there again. */
  again() {
    if (this.stopped !== "conflict") this.stopped = null;
    this.failures = 0;
    return this.save();
  }

  /** Leave a copy in the browser at once, such as when the page is hidden. */
  flush() {
    if (this.isDirty) return this.#copy();
    return undefined;
  }

  async #copy() {
    this.#clear("copy");
    const { front, body } = this.take();
    try {
      // What was sent and never answered may have arrived: then it is our own.
      const sent = this.unanswered && { front: this.unanswered.front, body: this.unanswered.body };
      await this.keep({ base: this.unanswered?.base ?? this.version, front, body, sent });
      this.hasCopy = true;
    } catch {
      this.hasCopy = false;
    }
  }

  #after(name, wait, act, unlessWaiting = false) {
    if (unlessWaiting && this.waiting[name]) return;
    this.#clear(name);
    this.waiting[name] = this.timers.setTimeout(() => {
      delete this.waiting[name];
      act();
    }, wait);
  }

  #clear(...names) {
    for (const name of names) {
      this.timers.clearTimeout(this.waiting[name]);
      delete this.waiting[name];
    }
  }
}
