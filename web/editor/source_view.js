// The source: the same text in a textarea, with a small toolbar. Which of both somebody likes is
// remembered for each account, in this browser.

import { carried } from "./clipboard.js";
import { h } from "./dom.js";

const KEY = "pli-writing-source";

/** What a button of the small toolbar makes of a marked text: {text, from, to} to mark in it. */
export const marked = (name, chosen, language) => {
  const french = language !== "en";
  const around = (sign) => ({ text: `${sign}${chosen}${sign}`, from: sign.length, to: sign.length + chosen.length });
  const lines = (sign) => {
    const text = chosen.split("\n").map((it, at) => `${sign(at)}${it}`).join("\n");
    return { text, from: chosen ? 0 : text.length, to: text.length };
  };
  switch (name) {
    case "strong": return around("**");
    case "em": return around("*");
    case "link": {
      const text = `[${chosen}](https://)`;
      return chosen ? { text, from: text.length - 9, to: text.length - 1 } : { text, from: 1, to: 1 };
    }
    case "heading": return lines(() => "## ");
    case "bullets": return lines(() => "- ");
    case "numbers": return lines((at) => `${at + 1}. `);
    case "box": {
      const text = `::: ${french ? "encadre" : "box"} \n${chosen}\n:::\n`;
      const at = text.indexOf("\n");
      return { text, from: at, to: at };
    }
    default: return { text: chosen, from: 0, to: chosen.length };
  }
};

const ON_LINES = new Set(["heading", "bullets", "numbers", "box"]);

export class SourceView {
  constructor(desk, area) {
    Object.assign(this, { desk, area });
    const { words } = desk;
    const button = (name, said = name) => h("button", { type: "button", onclick: () => this.mark(name) }, words.say(said));
    this.tools = h("div", { role: "toolbar", class: "tools small-tools", "aria-label": words.say("toolbar"), "aria-controls": area.id },
      button("strong"), button("em"), button("link"), button("heading", "style_2"), button("bullets"),
      button("numbers"), button("box", "block_box"),
      h("button", { type: "button", onclick: () => desk.choosePicture() }, words.say("picture")),
      h("button", { type: "button", class: "to-page", onclick: () => desk.showPage() }, words.say("page_view")));
    this.buttons = [...this.tools.children];
    this.buttons.forEach((it, at) => { it.tabIndex = at ? -1 : 0; });
    this.tools.addEventListener("keydown", (event) => {
      const here = this.buttons.indexOf(document.activeElement);
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (here < 0 || !by) return;
      event.preventDefault();
      const next = this.buttons[(here + by + this.buttons.length) % this.buttons.length];
      for (const it of this.buttons) it.tabIndex = it === next ? 0 : -1;
      next.focus();
    });
    this.tools.hidden = true;
    area.before(this.tools);
    area.addEventListener("input", () => desk.changed());
    area.addEventListener("paste", (event) => {
      const { files } = carried(event.clipboardData);
      if (!files) return;
      event.preventDefault();
      desk.bring(files);
    });
    area.addEventListener("keydown", (event) => {
      if (event.altKey && event.key === "F10") {
        event.preventDefault();
        this.buttons.find((it) => it.tabIndex === 0).focus();
        return;
      }
      const name = (event.ctrlKey || event.metaKey) && !event.altKey && { b: "strong", i: "em", k: "link" }[event.key.toLowerCase()];
      if (!name) return;
      event.preventDefault();
      this.mark(name);
    });
  }

  mark(name) {
    const { area } = this;
    area.focus();
    if (ON_LINES.has(name)) {
      const start = area.value.lastIndexOf("\n", area.selectionStart - 1) + 1;
      const end = area.value.indexOf("\n", area.selectionEnd);
      area.setSelectionRange(start, end < 0 ? area.value.length : end);
    }
    const start = area.selectionStart;
    const made = marked(name, area.value.slice(start, area.selectionEnd), this.desk.language());
    // The one way that the browser's own undoing knows of.
    document.execCommand("insertText", false, made.text);
    area.setSelectionRange(start + made.from, start + made.to);
  }

  /** The line on which the cursor stands. */
  line() {
    return this.area.value.slice(0, this.area.selectionStart).split("\n").length - 1;
  }

  /** Mark a line, counted from 0, and bring it into sight. */
  goTo(line) {
    const { area } = this;
    const lines = area.value.split("\n");
    const from = lines.slice(0, line).reduce((sum, it) => sum + it.length + 1, 0);
    area.focus();
    area.setSelectionRange(from, from + (lines[line]?.length ?? 0));
    area.scrollTop = Math.max(0, area.scrollHeight * (from / Math.max(1, area.value.length)) - area.clientHeight / 3);
  }

  show(isShown) {
    this.tools.hidden = !isShown;
    this.area.hidden = !isShown;
  }
}

export const isLiked = (account) => {
  try {
    return localStorage.getItem(`${KEY}-${account}`) === "yes";
  } catch {
    return false;
  }
};

export const remember = (account, isSource) => {
  try {
    localStorage.setItem(`${KEY}-${account}`, isSource ? "yes" : "no");
  } catch {
    // A browser without storage asks again next time.
  }
};
