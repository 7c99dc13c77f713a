// The session is over: signing in happens in a frame on the page, or in a tab of its own, while the
// text stays here. Every way in works so: passkeys, passwords with an app, links by mail. Nothing is
// saved under the name of somebody else who signed in meanwhile, unless that person says so.

import { h } from "./dom.js";

const EVERY = 4_000;
const WAY_IN = "/office/sign-in?next=%2Foffice%2Fsign-in%2Fdone";

export class Session {
  /**
   * `author`: {account, name} of whoever wrote this page. `again(wasHere)` saves what waits, where the cursor may have been in the question; `adopt(here)`
   * makes the page that of somebody else.
   */
  constructor({ client, words, place, author, again, adopt, timers = globalThis }) {
    Object.assign(this, { client, words, place, author, again, adopt, timers });
    this.isOver = false;
  }

  ask(address = WAY_IN) {
    if (this.isOver) return;
    this.#begin();
    const { words } = this;
    // Each page that comes into the frame may be that of somebody who is in.
    const way = h("iframe", { class: "sign-in", src: address, title: words.say("sign_in"), onload: () => this.look() });
    const other = h("a", { href: address, target: "_blank", rel: "noopener" }, words.say("sign_in_elsewhere"));
    this.place.replaceChildren(h("p", {}, h("strong", {}, words.say("session_title"))),
      h("p", {}, words.say("session_said", { name: this.author.name })), way, h("p", {}, other));
  }

  /** A refusal may be of another session than the page's. False: it is not, and stays refused. */
  async check() {
    let here;
    try {
      here = await this.client.whoIs();
    } catch {
      return true; // the network is away: the next save tells, and asks again
    }
    if (here && this.#isAuthor(here) && here.token === this.client.token) return false;
    if (!here) this.ask();
    else {
      this.#begin();
      await this.#met(here);
    }
    return true;
  }

  /** Whether somebody signed in meanwhile: then what was typed is saved, or asked about. */
  async look() {
    if (!this.isOver || this.looking) return;
    this.looking = true;
    try {
      const here = await this.client.whoIs();
      if (here) await this.#met(here);
    } catch {
      // The network is away, too: the next look is soon.
    } finally {
      this.looking = false;
    }
  }

  #isAuthor(here) {
    return here.account === this.author.account;
  }

  #begin() {
    if (this.isOver) return;
    this.isOver = true;
    this.timer = this.timers.setInterval(() => this.look(), EVERY);
  }

  async #met(here) {
    if (this.#isAuthor(here)) await this.#goOn(here);
    else this.#asAnother(here);
  }

  async #goOn(here) {
    this.timers.clearInterval(this.timer);
    this.isOver = false;
    this.shown = null;
    this.client.take(here.token);
    const wasHere = this.place.contains(document.activeElement);
    this.place.replaceChildren();
    await this.again(wasHere);
  }

  #asAnother(here) {
    const shown = `${here.account} ${here.may_write}`;
    if (this.shown === shown) return;
    this.shown = shown;
    const { words } = this;
    const names = { name: here.name, author: this.author.name };
    const goOn = async () => {
      // Whoever signed in since the question was put is not the one who answered it.
      const now = await this.client.whoIs().catch(() => null);
      if (now?.account !== here.account) {
        this.look();
        return;
      }
      this.author = { account: now.account, name: now.name };
      await this.adopt(now);
      await this.#goOn(now);
    };
    this.place.replaceChildren(
      h("p", {}, h("strong", {}, words.say("another_title", names))),
      h("p", {}, words.say("another_said", names)),
      here.may_write
        ? h("p", {}, h("button", { type: "button", class: "button small", onclick: goOn }, words.say("another_go_on", names)))
        : h("p", {}, words.say("another_may_not", names)),
      h("p", {}, words.say("another_back", names), " ",
        h("a", { href: "/office/", target: "_blank", rel: "noopener" }, words.say("open_office"))));
  }
}
