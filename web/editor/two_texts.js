// Another text comes: of somebody who saved meanwhile, of another window, or left behind by a crash.
// It takes the place of the text that is here only after somebody chose.

import { Conflict } from "./conflict.js";
import { cut, whole } from "./cutting.js";
import { h } from "./dom.js";
import { isSame } from "./left_behind.js";

export class TwoTexts {
  /** `held` are elements that take no keys meanwhile; `text()` is the text as it is now. */
  constructor({ words, client, desk, front, saving, switching, place, loud, held, text, changed, leave }) {
    Object.assign(this, { words, client, desk, front, saving, switching, place, loud, held, text, changed, leave });
  }

  /** The blocks of a text: as the server cuts them, else, without a network, as we do. */
  async cutAt(body) {
    try {
      const { status, said } = await this.client.json("POST", "/blocks", { body });
      if (status === 200) return whole(said.blocks, body);
    } catch {
      // As below.
    }
    return cut(body);
  }

  /** `base`: the sources of the blocks that both texts began with; null if nobody knows them. */
  async choose(theirs, base = cut(this.saving.latest).map((it) => it.source), mine = null) {
    this.#hold(true);
    this.saving.hold();
    const { front, body } = mine ?? this.text();
    const blocks = await this.cutAt(body);
    const conflict = new Conflict(this.desk, this.place);
    const their = { ...theirs, blocks: whole(theirs.blocks, theirs.body) };
    const said = await conflict.ask(their, { front, blocks: blocks.map((it) => it.source) }, base);
    await this.#take(said);
    this.#hold(false);
    await this.saving.resolved(said.version);
  }

  /** A text that was left behind is taken up: as it is if it is our own, else both are shown. */
  async takeUp(copy) {
    // What was sent, and answered to nobody, may be the version that is here: then it is our own.
    const now = this.text();
    const isOwn = copy.base === this.saving.version || (copy.sent && isSame(copy.sent, now));
    if (isOwn && !this.saving.isDirty) {
      this.#hold(true);
      await this.#take(copy);
      this.#hold(false);
      this.changed();
    } else {
      const theirs = { ...now, version: this.saving.version, by: this.words.say("here_now") };
      // The copy is not put into the page before the choice: it would be saved over the other text.
      // The text that it began with is not here: nothing is proposed.
      await this.choose(theirs, null, copy);
    }
    // The old copy stays until the text is this tab's own copy.
    await this.saving.flush();
  }

  /** Somebody saved a newer version: told now if nothing is unsaved here, else at saving. */
  newer({ version, by, own }) {
    if (!version || version <= this.saving.version || this.saving.isDirty || this.told === version) return;
    this.told = version;
    const said = own ? this.words.say("newer_own") : this.words.say("newer", { name: by ?? this.words.say("somebody") });
    this.loud.replaceChildren(h("p", {}, said),
      h("button", { type: "button", class: "button small", onclick: () => this.leave() }, this.words.say("show_newer")));
  }

  /** While another text comes in place of this one, nothing is typed that it would write over. */
  #hold(isHeld) {
    for (const it of this.held) if (it) it.inert = isHeld;
    this.switching.area.readOnly = isHeld;
  }

  /** Put a text in place of what is shown. */
  async #take({ front, body }) {
    this.front.fill(front);
    const blocks = await this.cutAt(body);
    if (this.switching.isSource) this.switching.fill(body);
    this.desk.take(blocks);
  }
}
