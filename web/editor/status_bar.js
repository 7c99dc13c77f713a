// The line below the page that stays in sight, as in Word: what is saved, how many words there are,
// and what is found. From here one goes to what is told loudly, and to the findings.

import { h } from "./dom.js";

export class StatusBar {
  /** `before`: what the page said of the last save when it was loaded; `count`: of the page. */
  constructor({ before, count, toLoud, toFindings }) {
    this.before = before;
    this.saved = h("p", { id: "saved-now", role: "status" });
    this.count = count;
    this.trouble = h("button", { type: "button", class: "trouble", hidden: true, onclick: toLoud });
    this.found = h("button", { type: "button", class: "link", hidden: true, onclick: toFindings });
    this.dom = h("div", { class: "status-bar" }, this.saved, this.trouble, count, this.found);
  }

  quiet(text) {
    this.before.hidden = true;
    this.trouble.hidden = true;
    this.saved.textContent = text;
  }

  loud(text) {
    this.before.hidden = true;
    this.saved.textContent = "";
    if (this.trouble.textContent !== text) this.trouble.textContent = text;
    this.trouble.hidden = false;
  }

  /** How many findings there are, in words. */
  findings(text, hasErrors) {
    this.found.textContent = text;
    this.found.classList.toggle("bad", hasErrors);
    this.found.hidden = false;
  }
}
