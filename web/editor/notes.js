// One line under the text that says what was done, perhaps with a way back.

import { undo, undoDepth } from "prosemirror-history";
import { h } from "./dom.js";

export class Notes {
  constructor(place, words, desk) {
    Object.assign(this, { place, words, desk });
  }

  /** Say a sentence by its name, or `said`; `undo`: with a button that takes the last step back. */
  show(name, holes = {}, { said, undo: withUndo = false } = {}) {
    const text = said ?? this.words.say(name, holes);
    const { view } = this.desk();
    const depth = view && undoDepth(view.state);
    const close = () => this.place.replaceChildren();
    const back = () => {
      // Only what is still the last step: later ones are not taken back with it.
      if (undoDepth(view.state) === depth) undo(view.state, view.dispatch);
      view.focus();
      close();
    };
    this.place.replaceChildren(h("p", {}, text,
      withUndo ? h("button", { type: "button", class: "link", onclick: back }, this.words.say("undo_this")) : "",
      h("button", { type: "button", class: "link", onclick: close }, this.words.say("close"))));
  }
}
