// Lines under the text that say what was done, perhaps with a way back.

import { undo, undoDepth } from "prosemirror-history";
import { h } from "./dom.js";

const MOST = 5;

export class Notes {
  constructor(place, words, desk) {
    Object.assign(this, { place, words, desk, others: 0 });
  }

  /**
   * Say a sentence by its name, or `said`; `undo`: with a button that takes the last step back.
   * `beside`: what was said of another file of the same drop stays.
   */
  show(name, holes = {}, { said, undo: withUndo = false, beside = false } = {}) {
    const text = said ?? this.words.say(name, holes);
    const { view } = this.desk();
    const depth = view && undoDepth(view.state);
    const line = h("p", {});
    const close = () => line.remove();
    const back = () => {
      // Only what is still the last step: later ones are not taken back with it.
      if (undoDepth(view.state) === depth) undo(view.state, view.dispatch);
      view.focus();
      close();
    };
    line.append(h("span", {}, text),
      withUndo ? h("button", { type: "button", class: "link", onclick: back }, this.words.say("undo_this")) : "",
      h("button", { type: "button", class: "link", onclick: close }, this.words.say("close")));
    if (!beside) {
      this.others = 0;
      this.place.replaceChildren(line);
    } else this.#add(line, text);
  }

  #add(line, text) {
    const there = [...this.place.children];
    if (there.some((it) => it.firstChild.textContent === text)) return;
    if (there.length < MOST) this.place.append(line);
    else {
      this.others += 1;
      const more = this.words.count("more_said", this.others);
      if (there.length > MOST) there.at(-1).firstChild.textContent = more;
      else this.place.append(h("p", {}, h("span", {}, more)));
    }
  }
}
