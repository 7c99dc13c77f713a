// Sends test copies of what is written now, and tells what became of them.

import { faultOf } from "./client.js";
import { h } from "./dom.js";

const EVERY = 1_500;
const LONGEST = 90_000;

export class TestCopies {
  /** `save()` saves what is written: true once the server has all of it. */
  constructor(form, client, words, save) {
    if (!form) return;
    Object.assign(this, { form, client, words, save });
    this.told = h("div", { role: "status", class: "copies-told" });
    form.after(this.told);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
  }

  say(...lines) {
    this.told.replaceChildren(...lines.map((it) => h("p", {}, it)));
  }

  async send() {
    const to = [...this.form.querySelectorAll("[name=to]:checked")].map((it) => (it.value === "self" ? "self" : Number(it.value)));
    if (!to.length) {
      this.say(this.words.say("test_nobody"));
      return;
    }
    this.say(this.words.say("test_sending"));
    try {
      // A copy of an older text would be taken for one of this.
      if (!await this.save()) {
        this.say(this.words.say("test_not_saved"));
        return;
      }
      const { status, said } = await this.client.json("POST", "/test", { to });
      if (status === 200) await this.#follow(said.notices);
      else this.say(faultOf(said) || this.words.say("test_failed"));
    } catch {
      this.say(this.words.say("test_failed"));
    }
  }

  async #follow(notices) {
    for (const until = performance.now() + LONGEST; performance.now() < until;) {
      const { status, said } = await this.client.get(`/test?ids=${notices.join(",")}`);
      if (status !== 200) break;
      this.say(...said.outcomes.map((it) => this.words.say("copy_of", it)));
      if (said.outcomes.every((it) => it.done)) return;
      await new Promise((resolve) => { setTimeout(resolve, EVERY); });
    }
  }
}
