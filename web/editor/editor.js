// Begins on the page of a manuscript: finds what the page holds, and puts the parts together. The
// page works without it; what it replaces, it hides.

import { Beside } from "./beside.js";
import { Client, faultOf } from "./client.js";
import { Conflict } from "./conflict.js";
import { Copies } from "./copies.js";
import { wordsOf } from "./counting.js";
import { cut, whole } from "./cutting.js";
import { Desk } from "./desk.js";
import { h } from "./dom.js";
import { Findings } from "./findings.js";
import { Front } from "./front.js";
import { LeftBehind, isSame } from "./left_behind.js";
import { Notes } from "./notes.js";
import { Presence } from "./presence.js";
import { Preview } from "./preview.js";
import { Saving } from "./saving.js";
import { SavesFirst } from "./sending.js";
import { Session } from "./session.js";
import { SourceView, isLiked, remember } from "./source_view.js";
import { TestCopies } from "./test_copies.js";
import { Words } from "./words.js";

const json = (id) => JSON.parse(document.getElementById(id)?.textContent || "null");

const put = (id, make, after) => {
  const found = document.getElementById(id);
  if (found) return found;
  const made = make();
  made.id = id;
  after.after(made);
  return made;
};

/** What every letter may say of its reader, its list and itself. */
const KNOWN = [
  ["subscriber", "first_name"], ["subscriber", "last_name"], ["subscriber", "email"], ["list", "title"],
  ["campaign", "number"], ["campaign", "title"], ["campaign", "date"],
];

class Writing {
  constructor(form) {
    this.form = form;
    const { account = "", draft, base, token, version, language } = form.dataset;
    this.account = account;
    this.words = new Words(json("words") ?? {}, language || document.documentElement.lang);
    this.client = new Client(base, token);
    this.area = form.elements.body;
    this.front = new Front(form, () => this.changed());
    this.place = put("editor-here", () => h("div"), this.area);
    this.#status();
    this.fields = KNOWN.map(([of, name]) => ({ of, name, label: this.words.say(`${of}_${name}`) }));
    this.isSource = isLiked(account);
    this.desk = new Desk({
      words: this.words, client: this.client, base, place: this.place,
      language: () => (this.front.value("language") === "en" ? "en" : "fr"),
      changed: () => this.changed(), note: (...said) => this.notes.show(...said),
      fields: () => this.fields, showSource: () => this.showSource(), takeFront: (values) => this.takeFront(values), label: this.words.say("text_of_letter"),
    });
    this.copies = new Copies(account, draft);
    this.saving = new Saving({
      version: Number(version), take: () => this.text(),
      send: ({ changes: _, ...save }) => this.client.json("PUT", "", save),
      keep: (copy) => this.copies.keep(copy), forget: () => this.copies.forget(),
      tell: (state, said) => this.tell(state, said),
    });
    this.session = new Session({
      client: this.client, words: this.words, place: this.loud,
      again: () => Promise.all([this.saving.again(), this.preview.look()]),
    });
  }

  #status() {
    const { words } = this;
    this.saved = put("saved", () => h("p", { role: "status" }), this.place);
    this.loud = h("div", { id: "told", class: "told", role: "alert" });
    this.offer = h("div", { class: "offer", role: "region", "aria-label": words.say("left_region"), hidden: true });
    this.choosing = h("section", { class: "conflict", hidden: true, "aria-label": words.say("conflict_region") });
    const line = h("div", { class: "notes", role: "status" });
    this.place.before(this.loud, this.offer, this.choosing);
    this.place.after(line);
    this.notes = new Notes(line, words, () => this.desk);
    this.count = put("words-count", () => h("p", { class: "soft small" }), line);
    this.present = put("present", () => h("div", { role: "status" }), this.saved);
    this.beside = new Beside(words, () => this.preview.look());
  }

  begin() {
    const body = this.area.value;
    const given = json("blocks") ?? [];
    // A textarea gives each line's end as LF: what the server cut is the text as it is.
    const text = given.map((it) => it.source).join("");
    const blocks = text.replace(/\r\n?/g, "\n") === body ? given : cut(body);
    this.desk.open(blocks);
    this.saving.latest = blocks.map((it) => it.source).join("");
    this.findings = new Findings({ desk: this.desk, list: this.beside.list, status: this.beside.found });
    this.desk.moved = () => this.preview.soon();
    this.preview = new Preview({
      client: this.client, frame: this.beside.frame, take: () => this.asked(),
      shown: (said) => this.shown(said), failed: (status, said) => this.#unseen(status, said),
    });
    this.presence = new Presence({
      client: this.client, words: this.words, place: this.present, newer: (said) => this.newer(said),
    });
    this.source = new SourceView(this.desk, this.area);
    this.desk.showPage = () => this.showPage();
    this.form.classList.add("with-editor");
    for (const it of document.querySelectorAll("[data-without-script]")) it.hidden = true;
    new TestCopies(document.getElementById("test"), this.client, this.words, () => this.saving.save({ asked: true }));
    new SavesFirst(document.getElementById("send"), this.saving);
    if (this.isSource) this.#show(true);
    else this.source.show(false);
    this.#listen();
    this.#counted();
    this.presence.begin();
    this.preview.look();
    this.#fields();
    return new LeftBehind(this.offer, this.copies, this.words, (copy) => this.takeUp(copy)).look(this.text());
  }

  #listen() {
    this.form.addEventListener("submit", (event) => {
      // Saving is done here; it is also what Enter in a field asks for.
      event.preventDefault();
      this.saving.save({ asked: true });
    });
    document.addEventListener("keydown", (event) => {
      if (event.altKey && event.key === "F10" && !this.isSource) {
        event.preventDefault();
        this.desk.toolbar.focus();
      }
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
        event.preventDefault();
        this.saving.save({ asked: true });
      }
    });
    addEventListener("online", () => {
      this.saving.again();
      this.preview.look();
    });
    addEventListener("offline", () => this.saving.isDirty && this.tell("failed", {}));
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        this.saving.flush();
        this.saving.save();
      } else this.session.look();
    });
    addEventListener("focus", () => this.session.look());
    // A browser would open a file that is dropped beside the text, in place of this page.
    for (const name of ["dragover", "drop"]) addEventListener(name, (event) => this.#beside(event));
    addEventListener("beforeunload", (event) => {
      if (!this.saving.isDirty) return;
      this.saving.flush();
      this.saving.save();
      event.preventDefault();
    });
  }

  /** A file that comes to the page but not to the text: put where the cursor stands. */
  #beside(event) {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
    if (event.target.closest?.("input[type=file]")) return;
    event.preventDefault();
    const { view } = this.desk;
    const isOpen = !this.isSource && !this.place.inert;
    if (event.type !== "drop") event.dataTransfer.dropEffect = isOpen ? "copy" : "none";
    else if (isOpen) this.desk.pasting.files(view, [...event.dataTransfer.files], view.state.selection.from);
  }

  /** What a document says above its text fills the fields that are empty. */
  takeFront(values) {
    const now = this.front.values();
    const found = Object.entries(values).filter(([name, value]) => value && now[name] === "");
    if (!found.length) return;
    this.front.fill(Object.fromEntries(found));
    this.changed();
  }

  /** The text as it is now: {front, body}. */
  text() {
    const body = this.isSource ? this.sourceText() : this.desk.written().text;
    return { front: this.front.values(), body };
  }

  /** The textarea's text; unchanged, it is the text with the ends of lines that it came with. */
  sourceText() {
    const { value } = this.area;
    if (this.filled && value === this.filled.value) return this.filled.text;
    return value;
  }

  changed() {
    this.saving.changed();
    this.form.dataset.unsaved = "yes";
    this.preview?.soon();
    clearTimeout(this.counting);
    this.counting = setTimeout(() => this.#counted(), 300);
  }

  #counted() {
    const { doc } = this.desk.view.state;
    if (!this.isSource) this.count.textContent = this.words.count("words", wordsOf(doc));
  }

  asked() {
    const { view, reader: as } = this.beside;
    const { front, body } = this.text();
    const lines = this.isSource ? null : this.desk.written().lines;
    this.askedLines = lines;
    return { front, body, view, as, line: this.isSource ? this.source.line() : this.desk.line() };
  }

  shown(said) {
    const lines = this.askedLines ?? cut(this.text().body).map((it) => it.line);
    this.findings.show(said.findings ?? [], lines);
    // The frame shows the last mail there was.
    this.beside.tell(said.address ? "" : "preview_none");
    const place = document.getElementById("subject-cuts");
    if (place && said.subject_cuts) {
      place.replaceChildren(...said.subject_cuts.map((it) => h("p", {}, this.words.say("cut_by", it))));
    }
  }

  /** There is no new preview: what stands there is old. */
  #unseen(status, said = {}) {
    if (status === 401) this.session.ask(said.sign_in);
    this.beside.tell("preview_failed", () => this.preview.look());
  }

  async #fields() {
    try {
      const { status, said } = await this.client.get("/fields");
      if (status !== 200) return;
      const known = new Set(this.fields.map((it) => it.name));
      const more = (said.attributes ?? []).map((it) => ({ of: "subscriber", name: it.name.split(".").at(-1), label: it.label }));
      this.fields = [...this.fields, ...more.filter((it) => !known.has(it.name))];
      // Chips that were drawn before say the names of fields now.
      for (const it of this.desk.chips) it.draw();
    } catch {
      // The menu has no names then; the next page asks again.
    }
  }

  tell(state, said = {}) {
    const { words } = this;
    const quiet = { saving: "saving", saved: "saved" }[state];
    if (quiet) {
      this.saved.textContent = state === "saved" ? words.say("saved", { hour: words.hour(said.saved_at) }) : words.say("saving");
      if (state === "saved") {
        this.form.dataset.version = said.version;
        if (!this.saving.isDirty) delete this.form.dataset.unsaved;
        this.loud.replaceChildren();
        if (said.present) this.presence.show(said.present);
      }
      return;
    }
    this.saved.textContent = "";
    if (state === "session") this.session.ask(said.sign_in);
    else if (state === "forbidden" && !this.renewed) this.#renew(said);
    else if (state === "conflict") this.#conflict(said);
    else {
      const fault = faultOf(said);
      this.loud.replaceChildren(
        h("p", {}, h("strong", {}, words.say(`${state}_title`))),
        h("p", {}, fault || words.say(`${state}_said`)),
        state === "failed" ? h("button", { type: "button", class: "button small", onclick: () => this.saving.again() }, words.say("try_again")) : "");
    }
  }

  /** The token may be that of a session before: with that of this one, the save is tried once more. */
  async #renew(said) {
    this.renewed = true;
    const is = await this.client.renew().catch(() => false);
    if (is) await this.saving.again();
    else this.tell("forbidden", said);
    this.renewed = false;
  }

  /** `base`: the sources of the blocks that both texts began with; null if nobody knows them. */
  async #conflict(theirs, base = cut(this.saving.latest).map((it) => it.source), mine = null) {
    this.#hold(true);
    this.saving.hold();
    const { front, body } = mine ?? this.text();
    const blocks = await this.cutAt(body);
    const conflict = new Conflict(this.desk, this.choosing);
    const their = { ...theirs, blocks: whole(theirs.blocks, theirs.body) };
    const said = await conflict.ask(their, { front, blocks: blocks.map((it) => it.source) }, base);
    await this.#take(said);
    this.#hold(false);
    await this.saving.resolved(said.version);
  }

  /** While another text comes in place of this one, nothing is typed that it would write over. */
  #hold(isHeld) {
    const fields = document.querySelector(".head-fields");
    for (const it of [this.place, this.area.closest("#source"), fields]) if (it) it.inert = isHeld;
    this.area.readOnly = isHeld;
  }

  /** Put a text in place of what is shown. */
  async #take({ front, body }) {
    this.front.fill(front);
    const blocks = await this.cutAt(body);
    if (this.isSource) this.#fill(body);
    this.desk.take(blocks);
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

  #fill(text) {
    this.area.value = text;
    this.filled = { text, value: this.area.value };
  }

  #show(isSource) {
    this.isSource = isSource;
    if (isSource) this.#fill(this.desk.written().text);
    this.source.show(isSource);
    this.desk.toolbar.dom.hidden = isSource;
    this.desk.view.dom.hidden = isSource;
  }

  showSource() {
    this.#show(true);
    remember(this.account, true);
    this.area.focus();
  }

  async showPage() {
    // What is typed while the server cuts the text belongs to it.
    for (let body = this.sourceText(); body !== this.desk.written().text; body = this.sourceText()) {
      const blocks = await this.cutAt(body);
      if (body === this.sourceText()) {
        this.desk.take(blocks);
        break;
      }
    }
    this.#show(false);
    remember(this.account, false);
    this.desk.view.focus();
    this.#counted();
  }

  /** Somebody saved a newer version: told now if nothing is unsaved here, else at saving. */
  newer({ version, by }) {
    if (!version || version <= this.saving.version || this.saving.isDirty || this.told === version) return;
    this.told = version;
    this.loud.replaceChildren(h("p", {}, this.words.say("newer", { name: by ?? this.words.say("somebody") })),
      h("button", { type: "button", class: "button small", onclick: () => location.reload() }, this.words.say("show_newer")));
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
      await this.#conflict(theirs, null, copy);
    }
    // The old copy stays until the text is this tab's own copy.
    await this.saving.flush();
  }
}

const form = document.getElementById("writing");
if (form) {
  const begun = performance.now();
  new Writing(form).begin();
  performance.measure("pli-editor-open", { start: begun, end: performance.now() });
}
