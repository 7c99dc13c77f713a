// What stands beside the text: the mail in its views, and the findings.

import { h } from "./dom.js";

export class Beside {
  constructor(words, look) {
    const place = document.getElementById("beside");
    const found = (id, make) => document.getElementById(id) ?? make();
    this.found = found("found", () => h("p", { id: "found", role: "status" }));
    this.found.classList.remove("unseen");
    this.list = found("findings", () => h("ul", { id: "findings", class: "findings" }));
    this.frame = found("preview", () => h("iframe", { id: "preview", class: "mail", sandbox: true }));
    this.frame.title = words.say("preview_frame");
    this.views = document.getElementById("views");
    this.as = document.getElementById("as");
    document.getElementById("findings-title")?.remove();
    const seeing = this.views.parentElement;
    this.findings = h("details", { class: "found-list", open: true }, h("summary", {}, this.found), this.list);
    this.told = h("div", { id: "unseen-mail", role: "status" });
    this.words = words;
    // What stands in the way comes before the mail: on a telephone, that is right behind the text.
    place.replaceChildren(this.findings, h("h2", { class: "unseen" }, words.say("beside")), seeing, this.told, this.frame);
    place.classList.add("with-views");
    this.views.addEventListener("change", () => {
      this.frame.classList.toggle("narrow", this.view === "narrow");
      look();
    });
    this.as.addEventListener("change", look);
  }

  /** Say by its name why the frame does not show the mail as it is now; "" if it does. */
  tell(name, again = null) {
    if (name === this.said) return;
    this.said = name;
    this.told.replaceChildren(...(name ? [h("p", { class: "note" }, this.words.say(name), again && " ",
      again && h("button", { type: "button", class: "link", onclick: again }, this.words.say("try_again")))] : []));
    this.frame.classList.toggle("old", Boolean(name));
  }

  toFindings() {
    this.findings.open = true;
    this.findings.scrollIntoView({ block: "start" });
    this.findings.firstElementChild.focus({ preventScroll: true });
  }

  /** As whom the mail is shown: "" is somebody of whom nothing is known. */
  get reader() {
    return this.as.value;
  }

  get view() {
    return this.views.querySelector(":checked").value;
  }
}
