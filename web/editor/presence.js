// Tells who else has the manuscript open, and whether somebody saved it meanwhile.

import { h } from "./dom.js";

const EVERY = 20_000;

export class Presence {
  /** `hasTwin()`: of this browser; `newer(said)` hears which version the server has. */
  constructor({ client, words, place, newer, hasTwin, refused }) {
    Object.assign(this, { client, words, place, newer, hasTwin, refused });
    this.shown = "";
  }

  begin() {
    this.timer = setInterval(() => this.look(), EVERY);
    this.look();
  }

  async look() {
    if (document.hidden) return;
    try {
      const { status, said } = await this.client.json("POST", "/presence", {});
      if (status === 200) {
        this.twin = await this.hasTwin();
        this.show(said.present ?? []);
        this.newer(said);
      } else this.refused(status, said);
    } catch {
      // Whether the network is there is told by saving.
    }
  }

  /** The page is closed: others need not wait until nothing has been heard for a minute. */
  leave() {
    if (this.twin) return;
    this.client.json("POST", "/presence", { leaves: true }, { keepalive: true }).catch(() => {});
  }

  show(present) {
    const told = present.map((it) => this.words.say("also_open", { name: it.name, hour: this.words.hour(it.since) }));
    if (this.twin) told.push(this.words.say("open_twice"));
    if (told.join() === this.shown) return;
    this.shown = told.join();
    this.place.replaceChildren(...told.map((it) => h("p", {}, it)));
    this.place.hidden = !told.length;
  }
}
