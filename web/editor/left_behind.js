// Offers the texts that tabs left behind which are no longer there, such as after a crash.

import { h } from "./dom.js";

/** Whether two texts say the same, {front, body}: `one` has no field that the other has otherwise. */
export const isSame = (one, other) => one.body === other.body
  && Object.keys(other.front).every((it) => one.front[it] === other.front[it]);

export class LeftBehind {
  constructor(place, copies, words, takeUp) {
    Object.assign(this, { place, copies, words, takeUp });
  }

  /** Offer each copy that says something else than `now`: {front, body}; `early` is none of a tab. */
  async look(now, early = null) {
    if (early) this.#offer(null, early);
    for (const [tab, copy] of await this.copies.left()) {
      if (isSame(copy, now)) await this.copies.forget(tab);
      else this.#offer(tab, copy);
    }
  }

  #offer(tab, copy) {
    const { words } = this;
    const item = h("div", { class: "left" });
    const leave = async () => {
      if (tab) await this.copies.forget(tab);
      item.remove();
      this.place.hidden = !this.place.childElementCount;
    };
    const take = async () => {
      await this.takeUp(copy);
      await leave();
    };
    item.append(h("p", {}, h("strong", {}, words.say("left_title"))), h("p", {}, words.say("left_said")),
      h("details", {}, h("summary", {}, words.say("left_look")), h("pre", {}, copy.body)),
      h("div", { class: "row" },
        h("button", { type: "button", class: "button small", onclick: take }, words.say("left_take")),
        h("button", { type: "button", class: "button small quiet", onclick: leave }, words.say("left_leave"))));
    this.place.append(item);
    this.place.hidden = false;
  }
}
