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
    const findings = h("details", { class: "found-list", open: true }, h("summary", {}, this.found), this.list);
    place.replaceChildren(h("h2", { class: "unseen" }, words.say("beside")), seeing, this.frame, findings);
    place.classList.add("with-views");
    this.views.addEventListener("change", () => {
      this.frame.classList.toggle("narrow", this.view === "narrow");
      look();
    });
    this.as.addEventListener("change", look);
  }

  /** As whom the mail is shown: "" is somebody of whom nothing is known. */
  get reader() {
    return this.as.value;
  }

  get view() {
    return this.views.querySelector(":checked").value;
  }
}
