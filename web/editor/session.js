// The session is over: signing in happens in a tab of its own, while the text stays here. Every
// way in works so: passkeys, passwords with an app, links by mail.

import { h } from "./dom.js";

const EVERY = 4_000;

export class Session {
  constructor({ client, words, place, again }) {
    Object.assign(this, { client, words, place, again });
    this.isOver = false;
  }

  ask(address = "/office/sign-in") {
    if (this.isOver) return;
    this.isOver = true;
    const way = h("a", { class: "button small", href: address, target: "_blank", rel: "noopener" }, this.words.say("sign_in"));
    this.place.replaceChildren(h("p", {}, h("strong", {}, this.words.say("session_title"))),
      h("p", {}, this.words.say("session_said")), way);
    this.timer = setInterval(() => this.look(), EVERY);
  }

  /** Whether somebody signed in meanwhile: then what was typed is saved. */
  async look() {
    if (!this.isOver || this.looking) return;
    this.looking = true;
    try {
      if (await this.client.renew()) {
        clearInterval(this.timer);
        this.isOver = false;
        this.place.replaceChildren();
        await this.again();
      }
    } catch {
      // The network is away, too: the next look is soon.
    } finally {
      this.looking = false;
    }
  }
}
