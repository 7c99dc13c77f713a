// Begins on the page of a manuscript: finds what the page holds, and puts the parts together. The
// page works without it; what it replaces, it hides.

import { keepAsFile } from "./as_file.js";
import { Beside } from "./beside.js";
import { Client } from "./client.js";
import { Copies } from "./copies.js";
import { wordsOf } from "./counting.js";
import { cut } from "./cutting.js";
import { Desk } from "./desk.js";
import { h } from "./dom.js";
import { takenOut } from "./early.js";
import { Findings } from "./findings.js";
import { Front } from "./front.js";
import { LeftBehind } from "./left_behind.js";
import { listen } from "./listening.js";
import { Notes } from "./notes.js";
import { PersonalFields } from "./personal_fields.js";
import { Presence } from "./presence.js";
import { Preview } from "./preview.js";
import { Saving } from "./saving.js";
import { SavesFirst, saveAll } from "./sending.js";
import { Session } from "./session.js";
import { SourceView } from "./source_view.js";
import { StatusBar } from "./status_bar.js";
import { showSubject } from "./subject.js";
import { Switching } from "./switching.js";
import { Telling } from "./telling.js";
import { TestCopies } from "./test_copies.js";
import { TwoTexts } from "./two_texts.js";
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

const GONE = { 404: "unseen", 410: "gone" };

class Writing {
  constructor(form) {
    this.form = form;
    this.early = takenOut(form);
    const { account = "", name = "", draft, base, token, version, language, zone } = form.dataset;
    this.account = account;
    this.words = new Words(json("words") ?? {}, language || document.documentElement.lang, zone || undefined);
    this.client = new Client(base, token);
    this.client.outside = (status, said) => this.#outside(status, said);
    this.area = form.elements.body;
    this.front = new Front(form, () => this.changed());
    this.place = put("editor-here", () => h("div"), this.area);
    this.#places();
    this.fields = new PersonalFields({
      client: this.client, words: this.words,
      // Chips that were drawn before say the names of fields now.
      come: () => { for (const it of this.desk.chips) it.draw(); },
    });
    this.desk = new Desk({
      words: this.words, client: this.client, base, place: this.place,
      language: () => (this.front.value("language") === "en" ? "en" : "fr"),
      changed: (isOfPage) => this.changed(isOfPage), note: (...said) => this.notes.show(...said),
      fields: () => this.fields.all, showSource: () => this.switching.toSource(), takeFront: (values) => this.takeFront(values), label: this.words.say("text_of_letter"),
    });
    this.copies = new Copies(account, draft);
    this.saving = new Saving({
      version: Number(version), take: () => this.text(),
      send: ({ changes: _, ...save }) => this.client.json("PUT", "", save),
      keep: (copy) => this.copies.keep(copy), forget: () => this.copies.forget(),
      tell: (state, said) => this.tell(state, said),
    });
    this.session = new Session({
      client: this.client, words: this.words, place: this.loud, author: { account, name },
      again: (wasHere) => {
        if (wasHere) (this.switching.isSource ? this.area : this.desk.view).focus();
        return Promise.all([this.saving.again(), this.preview.look(), this.presence.look()]);
      },
      adopt: (here) => this.#adopt(here),
    });
  }

  /** Where things are told: loudly above the text, quietly below it. */
  #places() {
    const { words } = this;
    const saved = put("saved", () => h("p"), this.place);
    this.loud = h("div", { id: "told", class: "told", role: "alert", tabindex: "-1" });
    this.offer = h("div", { class: "offer", role: "region", "aria-label": words.say("left_region"), hidden: true });
    this.choosing = h("section", { class: "conflict", hidden: true, "aria-label": words.say("conflict_region") });
    this.present = put("present", () => h("div", { role: "status" }), saved);
    this.beside = new Beside(words, () => this.preview.look());
    const line = h("div", { class: "notes", role: "status" });
    this.bar = new StatusBar({
      words, before: saved, count: put("words-count", () => h("p", { class: "soft small" }), line),
      toLoud: () => this.#toLoud(), toFindings: () => this.beside.toFindings(),
    });
    this.place.before(this.loud, this.offer, this.choosing);
    this.place.after(line);
    this.form.append(this.bar.dom);
    this.notes = new Notes(line, words, () => this.desk);
    this.telling = new Telling({
      words, bar: this.bar, loud: this.loud, retry: () => this.saving.again(),
      reload: () => this.#reload(), asFile: () => keepAsFile(this.text()),
    });
  }

  /** To what is told loudly, or asked: two texts to choose from. */
  #toLoud() {
    const [place, focus] = this.choosing.hidden ? [this.loud, this.loud] : [this.choosing, this.choosing.querySelector("h2")];
    place.scrollIntoView({ block: "start" });
    focus.focus({ preventScroll: true });
  }

  begin() {
    const body = this.area.value;
    const given = json("blocks") ?? [];
    // A textarea gives each line's end as LF: what the server cut is the text as it is.
    const text = given.map((it) => it.source).join("");
    const blocks = text.replace(/\r\n?/g, "\n") === body ? given : cut(body);
    this.desk.open(blocks);
    this.saving.latest = blocks.map((it) => it.source).join("");
    this.findings = new Findings({ desk: this.desk, switching: () => this.switching, list: this.beside.list, status: this.beside.found, bar: this.bar });
    this.desk.moved = () => this.preview.soon();
    this.preview = new Preview({
      client: this.client, frame: this.beside.frame, take: () => this.asked(),
      shown: (said) => this.shown(said), failed: (status, said) => this.#unseen(status, said),
    });
    this.source = new SourceView(this.desk, this.area);
    this.switching = new Switching({
      desk: this.desk, area: this.area, source: this.source, account: () => this.account,
      cutAt: (text_) => this.texts.cutAt(text_),
    });
    this.texts = new TwoTexts({
      words: this.words, client: this.client, desk: this.desk, front: this.front, saving: this.saving,
      switching: this.switching, place: this.choosing, loud: this.loud,
      held: [this.place, this.area.closest("#source"), document.querySelector(".head-fields")],
      text: () => this.text(), changed: () => this.changed(), leave: () => location.reload(),
    });
    this.presence = new Presence({
      client: this.client, words: this.words, place: this.present, newer: (said) => this.texts.newer(said),
      hasTwin: () => this.copies.hasTwin(), refused: (status, said) => this.#outside(status, said),
    });
    this.desk.bring = (files) => this.#bring(files);
    this.desk.showPage = async () => {
      await this.switching.toPage();
      this.#counted();
    };
    this.form.classList.add("with-editor");
    for (const it of document.querySelectorAll("[data-without-script]")) it.hidden = true;
    new TestCopies(document.getElementById("test"), this.client, this.words, () => this.#savedAll());
    new SavesFirst(document.getElementById("send"), this.saving, () => this.#toLoud());
    if (this.switching.isSource) this.switching.show(true);
    else this.source.show(false);
    listen(this);
    // A browser would open a file that is dropped beside the text, in place of this page.
    for (const name of ["dragover", "drop"]) addEventListener(name, (event) => this.#beside(event));
    this.#counted();
    this.presence.begin();
    this.preview.look();
    this.fields.load();
    return new LeftBehind(this.offer, this.copies, this.words, (copy) => this.texts.takeUp(copy)).look(this.text(), this.early);
  }

  async #savedAll() {
    const isSaved = await saveAll(this.saving);
    if (!isSaved) this.#toLoud();
    return isSaved;
  }

  /** A file that comes to the page but not to the text: put where the cursor stands. */
  #beside(event) {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
    if (event.target.closest?.("input[type=file]")) return;
    event.preventDefault();
    const isOpen = !this.place.inert;
    if (event.type !== "drop") event.dataTransfer.dropEffect = isOpen ? "copy" : "none";
    else if (isOpen) this.desk.bring([...event.dataTransfer.files]);
  }

  /** Files that were dropped on the page or chosen: to where the cursor stands. */
  #bring(files) {
    const { view, pasting } = this.desk;
    if (!this.switching.isSource) return pasting.files(view, files, view.state.selection.from);
    return this.switching.behind((pos) => pasting.files(view, files, pos));
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
    return { front: this.front.values(), body: this.switching.body() };
  }

  changed(isOfPage = false) {
    if (isOfPage && this.switching?.isSource) this.switching.refresh();
    this.saving.changed();
    this.form.dataset.unsaved = "yes";
    this.preview?.soon();
    clearTimeout(this.counting);
    this.counting = setTimeout(() => this.#counted(), 300);
  }

  #counted() {
    const { doc } = this.desk.view.state;
    if (!this.switching.isSource) this.bar.count.textContent = this.words.count("words", wordsOf(doc));
  }

  asked() {
    const { view, reader: as } = this.beside;
    const { front, body } = this.text();
    const { isSource } = this.switching;
    const lines = isSource ? null : this.desk.written().lines;
    this.askedLines = lines;
    return { front, body, view, as, line: isSource ? this.source.line() : this.desk.line() };
  }

  shown(said) {
    const lines = this.askedLines ?? cut(this.text().body).map((it) => it.line);
    this.findings.show(said.findings ?? [], lines);
    // The frame shows the last mail there was.
    this.beside.tell(said.address ? "" : "preview_none");
    showSubject(this.words, this.front.value("subject"), said.subject_cuts);
  }

  /** There is no new preview: what stands there is old. */
  #unseen(status, said = {}) {
    this.#outside(status, said);
    this.beside.tell("preview_failed", () => this.preview.look());
  }

  /** A question beside saving was refused: the session is over, or of another, or the manuscript is gone. */
  #outside(status, said = {}) {
    if (status === 401) this.session.ask(said.sign_in);
    else if (status === 403) this.session.check();
    else if (GONE[status] && !this.saving.isDirty) this.telling.refused(GONE[status], said, null);
  }

  /**
   * What Saving tells: each state leads to words, a question, or both texts. A token that is refused
   * may be that of a session before: with that of this one, the save is tried once more.
   */
  async tell(state, said = {}) {
    if (state === "saving") this.telling.saving();
    else if (state === "saved") this.#saved(said);
    else if (state === "session") {
      this.bar.loud();
      this.session.ask(said.sign_in);
    } else if (state === "conflict") {
      this.telling.clear();
      this.bar.loud();
      this.texts.choose(said);
    } else {
      this.bar.loud();
      if (state === "forbidden" && await this.session.check()) return;
      this.telling.refused(state, said, this.saving.hasCopy);
    }
  }

  #saved(said) {
    this.form.dataset.version = said.version;
    if (!this.saving.isDirty) delete this.form.dataset.unsaved;
    this.telling.saved(said);
    if (said.present) this.presence.show(said.present);
  }

  /** Somebody else, who signed in meanwhile, takes the page over. */
  async #adopt({ account, name }) {
    this.account = account;
    await this.copies.moveTo(account).catch(() => {});
    const mine = document.querySelector('.head a[href="/office/me"]');
    if (mine) mine.textContent = name;
  }

  /** The page is loaded anew; what is not saved is offered there. */
  async #reload() {
    await this.saving.flush();
    this.leaves = this.saving.hasCopy;
    location.reload();
  }
}

const form = document.getElementById("writing");
if (form) {
  const begun = performance.now();
  new Writing(form).begin();
  performance.measure("pli-editor-open", { start: begun, end: performance.now() });
}
