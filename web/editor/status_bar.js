// The line below the page that stays in sight, as in Word: what is saved, how many words there are,
// and what is found. From here one goes to what is told loudly, and to the findings.

import { h } from "./dom.js";

export class StatusBar {
  /** `before`: what the page said of the last save when it was loaded; `count`: of the page. */
  constructor({ words, before, count, toLoud, toFindings }) {
    this.before = before;
    this.saved = h("p", { id: "saved-now", role: "status" });
    this.count = count;
    this.trouble = h("button", { type: "button", class: "trouble", hidden: true, onclick: toLoud }, words.say("not_saved_why"));
    this.found = h("button", { type: "button", class: "link", hidden: true, onclick: toFindings });
    this.dom = h("div", { class: "status-bar" }, this.saved, this.trouble, count, this.found);
  }

  quiet(text) {
    this.before.hidden = true;
    this.trouble.hidden = true;
    this.saved.textContent = text;
  }

  /** What is wrong is told above the page; from here one goes there. */
  loud() {
    this.before.hidden = true;
    this.saved.textContent = "";
    this.trouble.hidden = false;
  }

  /** How many findings there are, in words. */
  findings(text, hasErrors) {
    this.found.textContent = text;
    this.found.classList.toggle("bad", hasErrors);
    this.found.hidden = false;
  }
}
