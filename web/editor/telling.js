// Tells what became of a save: quietly in the line below the page, loudly above it. Each refusal has
// its own words, and what can be done about it.

import { h } from "./dom.js";

const RETRIED = new Set(["failed", "forbidden", "unseen", "locked"]);
const WHY = {
  away: "failed_away", offline: "failed_offline", slow: "failed_slow", busy: "failed_busy",
  broken: "failed_broken", strange: "failed_strange",
};
const FIELDS = ["title", "number", "date", "subject", "preheader", "language", "theme"];

export class Telling {
  /** `bar` and `loud` are places; `retry()`, `reload()` and `asFile()` are what buttons do. */
  constructor({ words, bar, loud, retry, reload, asFile }) {
    Object.assign(this, { words, bar, loud, retry, reload, asFile });
    this.shown = "";
  }

  saving() {
    this.bar.quiet(this.words.say("saving"));
  }

  saved(said) {
    this.bar.quiet(this.words.say("saved", { hour: this.words.hour(said.saved_at) }));
    this.clear();
  }

  /** What was told loudly is over. */
  clear() {
    this.shown = "";
    this.loud.replaceChildren();
    this.#mark([]);
  }

  /** `said` is the answer, with `why` and `status` of one that failed; `hasCopy`: of the browser, null if none is needed. */
  refused(state, said, hasCopy) {
    const { words } = this;
    const why = said.why === "away" && navigator.onLine === false ? "offline" : said.why;
    const faults = said.faults ?? (said.fault ? [{ text: said.fault }] : []);
    const lines = state === "failed"
      ? [h("p", {}, words.say(WHY[why], { status: said.status }))]
      : faults.length ? faults.map((it) => this.#fault(it)) : [h("p", {}, words.say(`${state}_said`))];
    const title = words.say(`${state}_title`);
    // The same trouble is told once, however often it is met: else an alert comes every half minute.
    const shown = [state, title, hasCopy, ...lines.map((it) => it.textContent)].join("\n");
    this.bar.loud();
    if (shown === this.shown && this.told.isConnected) return;
    this.shown = shown;
    this.#mark(faults);
    this.told = h("p", {}, h("strong", {}, title));
    this.loud.replaceChildren(this.told, ...lines, hasCopy === null ? null : h("p", {}, words.say(hasCopy ? "kept_here" : "no_copy")), h("p", { class: "row" }, ...this.#buttons(state)));
  }

  #buttons(state) {
    const button = (name, act) => h("button", { type: "button", class: "button small quiet", onclick: act }, this.words.say(name));
    return [
      RETRIED.has(state) && button("try_again", this.retry),
      state === "not_understood" && button("load_anew", this.reload),
      state !== "failed" && button("as_file", this.asFile),
    ].filter(Boolean);
  }

  #fault({ field, text }) {
    const go = field && h("button", {
      type: "button", class: "link", onclick: () => document.getElementById(field)?.focus(),
    }, this.words.say("go_there"));
    return h("p", {}, text, go ? " " : "", go);
  }

  #mark(faults) {
    for (const name of FIELDS) {
      const field = document.getElementById(name);
      if (faults.some((it) => it.field === name)) field?.setAttribute("aria-invalid", "true");
      else field?.removeAttribute("aria-invalid");
    }
  }
}
