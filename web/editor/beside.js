// What stands beside the text: the findings, and the mail in its views.

import { h } from "./dom.js";

const VIEWS = ["mail", "narrow", "dark", "no-pictures", "sfr", "text", "web"];

export class Beside {
  constructor(words, look) {
    this.words = words;
    this.look = look;
    const place = document.getElementById("beside") ?? document.body.appendChild(h("div", { id: "beside" }));
    const found = (id, make) => document.getElementById(id) ?? make();
    this.found = found("found", () => h("p", { id: "found", role: "status" }));
    this.list = found("findings", () => h("ul", { id: "findings", class: "findings" }));
    this.frame = found("preview", () => h("iframe", {
      id: "preview", class: "mail", sandbox: true, title: words.say("preview_frame"),
    }));
    this.views = found("views", () => this.#views());
    this.as = found("as", () => this.#as());
    const heading = h("h2", { class: "unseen" }, words.say("beside"));
    const shown = h("div", { class: "seeing" }, this.views,
      h("p", { class: "as" }, h("label", { for: "as" }, words.say("as")), this.as));
    const findings = h("details", { class: "found-list", open: true }, h("summary", {}, this.found), this.list);
    place.replaceChildren(heading, shown, this.frame, findings);
    place.classList.add("with-views");
    this.views.addEventListener("change", () => this.#changed());
    this.as.addEventListener("change", () => this.look());
  }

  #views() {
    return h("fieldset", { id: "views" }, h("legend", {}, this.words.say("views")), ...VIEWS.map((view) => h("label", {},
      h("input", { type: "radio", name: "view", value: view, checked: view === "mail" }),
      h("span", {}, this.words.say(`view_${view}`)))));
  }

  #as() {
    return h("select", { id: "as" },
      h("option", { value: "" }, this.words.say("as_nobody")),
      h("option", { value: "longest" }, this.words.say("as_longest")));
  }

  #changed() {
    this.frame.classList.toggle("narrow", this.view === "narrow");
    this.look();
  }

  /** As whom the mail is shown: "" is somebody of whom nothing is known. */
  get reader() {
    return this.as.value;
  }

  get view() {
    return this.views.querySelector(":checked")?.value ?? "mail";
  }
}
