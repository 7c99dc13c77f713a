// Somebody else saved meanwhile: both texts, block by block, to choose from.

import { h, newId } from "./dom.js";
import { byWords, chosen, parts } from "./comparing.js";

const FRONT = ["title", "number", "date", "subject", "preheader", "language", "theme"];

export class Conflict {
  constructor(desk, place) {
    Object.assign(this, { desk, place });
  }

  /**
   * Show both texts. `theirs`: {version, by, at, front, body, blocks}; `mine`: {front, blocks};
   * `base`: the sources both began with, or null. Resolves to {front, body, version}.
   */
  ask(theirs, mine, base) {
    const { words } = this.desk;
    const all = parts(mine.blocks, theirs.blocks.map((it) => it.source), base);
    const differing = all.filter((it) => !it.same);
    const fields = FRONT.filter((it) => theirs.front[it] !== undefined && (theirs.front[it] ?? "") !== (mine.front[it] ?? ""));
    const names = { name: theirs.by ?? words.say("somebody") };
    const theirLabel = theirs.own ? words.say("theirs_own") : words.say("theirs_of", names);
    return new Promise((resolve) => {
      const form = h("form", { class: "choosing" });
      const chooser = (name, legend, texts, first, both) => {
        // What differs is marked word by word: in a long paragraph nobody would find it.
        const [mine_, theirs_] = byWords(texts[0] ?? "", texts[1] ?? "").map((side) => side.map((it) => (it.differs ? h("mark", {}, it.text) : it.text)));
        const option = (value, text, label) => {
          const id = newId("choice");
          return h("div", { class: `choice ${value}` },
            h("label", { for: id }, h("input", { type: "radio", id, name, value, checked: first === value, required: true }), h("span", {}, label)),
            text === null ? null : h("pre", {}, ...(text.length ? text : [words.say("nothing_there")])));
        };
        return h("fieldset", {}, h("legend", {}, legend), h("div", { class: "two-texts" },
          option("mine", mine_, words.say("yours")), option("theirs", theirs_, theirLabel)),
        both ? option("both", null, words.say("keep_both")) : null);
      };
      form.append(
        ...fields.map((name) => chooser(`front-${name}`, words.say(`front_${name}`), [mine.front[name], theirs.front[name]], null, false)),
        ...differing.map((part, at) => chooser(`part-${at}`, words.say("difference", { n: at + 1, all: differing.length }),
          [part.mine.join("").trimEnd(), part.theirs.join("").trimEnd()],
          part.changed === "both" ? null : part.changed, part.mine.length && part.theirs.length)),
        h("div", { class: "row" }, h("button", { class: "button small" }, words.say("keep_choice"))));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const said = new FormData(form);
        const front = { ...mine.front };
        for (const name of fields) if (said.get(`front-${name}`) === "theirs") front[name] = theirs.front[name];
        const body = chosen(all, differing.map((_, at) => said.get(`part-${at}`)));
        this.hide();
        resolve({ front, body, version: theirs.version });
      });
      const title = h("h2", { tabindex: "-1" }, theirs.own ? words.say("conflict_own") : words.say("conflict_title", names));
      this.place.replaceChildren(title, h("p", {}, words.say("conflict_said")), form);
      this.place.hidden = false;
      this.place.scrollIntoView?.({ block: "start" });
      title.focus();
    });
  }

  hide() {
    this.place.replaceChildren();
    this.place.hidden = true;
  }
}
