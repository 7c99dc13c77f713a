// The desk: the document and its view, and what all parts of the page share.

import { dropCursor } from "prosemirror-dropcursor";
import { gapCursor } from "prosemirror-gapcursor";
import { closeHistory, history } from "prosemirror-history";
import { InputRule, inputRules, textblockTypeInputRule, wrappingInputRule } from "prosemirror-inputrules";
import { Fragment, Slice } from "prosemirror-model";
import { EditorState, Selection } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import { AroundView, RawView, TableView } from "./blocks.js";
import { ExpressionView, SignView, bareChip, editExpression, insertExpression, labelOf, typedExpression } from "./chips.js";
import { cut, linesOf } from "./cutting.js";
import { h } from "./dom.js";
import { FieldsView } from "./fields.js";
import { findingMarks } from "./findings.js";
import { ImageView } from "./images.js";
import { keys, wordsKeys } from "./keys.js";
import { editLink } from "./links.js";
import { topBlock } from "./moving.js";
import { Pasting, places } from "./paste.js";
import { Pictures } from "./pictures.js";
import { SCHEMA } from "./schema.js";
import { Sources } from "./sources.js";
import { Toolbar } from "./toolbar.js";
import { setFrench, typeFrench } from "./typography.js";

const { nodes } = SCHEMA;

const rules = () => inputRules({
  rules: [
    wrappingInputRule(/^[-*•]\s$/, nodes.bullet_list),
    wrappingInputRule(/^1[.)]\s$/, nodes.ordered_list, () => ({ order: 1 })),
    textblockTypeInputRule(/^(#{1,3})\s$/, nodes.heading, (match) => ({ level: match[1].length })),
    new InputRule(/^---$/, (state, _match, start, end) => state.tr.replaceRangeWith(start - 1, end + 1, nodes.horizontal_rule.create())),
  ],
});

export class Desk {
  constructor({ words, client, base, language, changed, note, fields, showSource, takeFront, place, label }) {
    Object.assign(this, { words, client, base, language, changed, note, fields, showSource, takeFront });
    this.id = "editor";
    this.chips = new Set();
    this.sources = new Sources();
    this.pictures = new Pictures(this);
    this.pasting = new Pasting(this);
    this.toolbar = new Toolbar(this);
    this.documents = h("input", {
      type: "file", accept: ".docx,.odt,.rtf", hidden: true, tabindex: "-1", class: "document-file", "aria-label": words.say("document"),
      onchange: (event) => {
        const files = [...event.target.files];
        event.target.value = "";
        this.bring(files);
      },
    });
    this.place = place;
    this.name = label;
  }

  /** Draw a document of blocks as the server cuts them. */
  open(blocks) {
    const doc = SCHEMA.nodes.doc.create(null, this.sources.open(blocks));
    this.view = new EditorView({ mount: h("div", { id: this.id }) }, {
      state: EditorState.create({ doc, plugins: this.#plugins() }),
      attributes: {
        role: "textbox", "aria-multiline": "true", "aria-label": this.name, class: "page",
        spellcheck: "true", lang: this.language(),
      },
      nodeViews: this.#views(),
      dispatchTransaction: (transaction) => this.#dispatch(transaction),
      handleDOMEvents: this.pasting.events,
      handleKeyDown: wordsKeys,
      handlePaste: (view, _event, slice) => this.pasting.intoCell(view, slice),
      handleTextInput: (view, from, to, text) => typedExpression(view, from, to, text)
        || (this.language() === "fr" && typeFrench(view, from, to, text)),
      clipboardTextSerializer: (slice) => this.#plain(slice),
    });
    this.place.append(this.toolbar.dom, this.pictures.input, this.documents, this.view.dom);
    this.toolbar.update(this.view.state);
  }

  #plugins() {
    return [rules(), ...keys(this), history({ newGroupDelay: 700 }), dropCursor({ class: "drop-cursor", color: false }), gapCursor(), places(),
      findingMarks()];
  }

  #views() {
    const view = (Kind) => (node, editor, getPos) => new Kind(node, editor, getPos, this);
    return {
      fields: view(FieldsView), box: view(AroundView), lead: view(AroundView), quote: view(AroundView),
      columns: view(AroundView), column: view(AroundView), footnote: view(AroundView),
      raw: view(RawView), table: view(TableView), image: view(ImageView),
      expression: view(ExpressionView), raw_inline: view(SignView),
    };
  }

  /** Blocks around the cursor show their buttons: the focus is that of the whole page. */
  #cursor() {
    const { $from } = this.view.state.selection;
    const around = new Set();
    for (let depth = $from.depth; depth > 0; depth -= 1) {
      const dom = this.view.nodeDOM($from.before(depth));
      if (dom?.classList?.contains("block")) around.add(dom);
    }
    for (const it of this.around ?? []) if (!around.has(it)) it.classList.remove("with-cursor");
    for (const it of around) it.classList.add("with-cursor");
    this.around = around;
  }

  #dispatch(transaction) {
    const before = this.view.state.doc;
    const state = this.view.state.apply(transaction);
    this.sources.follow(before, state.doc);
    this.view.updateState(state);
    this.toolbar.update(state);
    this.#cursor();
    if (before !== state.doc) this.changed(true);
    else if (transaction.selectionSet) this.moved?.();
  }

  #plain(slice) {
    return slice.content.textBetween(0, slice.content.size, "\n\n", (node) => node.attrs.source ?? (node.type === nodes.hard_break ? "\n" : ""));
  }

  /** The text, and the first line of each of its blocks. */
  written() {
    const { doc } = this.view.state;
    if (this.latest?.doc === doc) return this.latest;
    const { text, begins } = this.sources.write(doc);
    let line = 0;
    let at = 0;
    const lines = begins.map((begin) => {
      for (; at < begin; at += 1) if (text[at] === "\n" || (text[at] === "\r" && text[at + 1] !== "\n")) line += 1;
      return line;
    });
    this.latest = { doc, text, lines };
    return this.latest;
  }

  /** The line at which the block with the cursor begins. */
  line() {
    return this.written().lines[topBlock(this.view.state).at] ?? 0;
  }

  /** Take over another text, as one step for undoing; the cursor stays at its block. */
  take(blocks) {
    const made = this.sources.open(blocks);
    const { at } = topBlock(this.view.state);
    const { doc, tr } = this.view.state;
    const transaction = closeHistory(tr.replace(0, doc.content.size, new Slice(Fragment.from(made), 0, 0)));
    const before = made.slice(0, Math.min(at, made.length - 1));
    const pos = before.reduce((sum, it) => sum + it.nodeSize, 0);
    this.view.dispatch(transaction.setSelection(Selection.near(transaction.doc.resolve(pos))));
  }

  /** Replace lines of the text, as a finding's remedy says; false if they read otherwise by now. */
  fix({ line, end, old, markdown }) {
    const lines = linesOf(this.written().text);
    const there = lines.slice(line, end).join("");
    const words = there.replace(/[\r\n]+$/, "");
    if (words.replace(/\r\n?/g, "\n") !== old.replace(/\n+$/, "")) return false;
    lines.splice(line, end - line, markdown.replace(/\n+$/, "") + there.slice(words.length));
    this.take(cut(lines.join("")));
    this.view.focus();
    return true;
  }

  label(of, name) {
    return labelOf(this.fields(), of, name);
  }

  hasChip(at, name) {
    return this.#chip(at, name) >= 0;
  }

  /** Ask what is read instead of a word of the reader's that has nothing behind it. */
  editChip(at, name) {
    const pos = this.#chip(at, name);
    if (pos >= 0) return editExpression(this.view, this, pos, this.view.state.doc.nodeAt(pos));
    return this.note("fix_late");
  }

  #chip(at, name) {
    const { doc } = this.view.state;
    return at < doc.childCount ? bareChip(doc.child(at), this.#begin(at), name) : -1;
  }

  /** Where a top block begins. */
  #begin(at) {
    const { doc } = this.view.state;
    let pos = 0;
    for (let i = 0; i < at && i < doc.childCount; i += 1) pos += doc.child(i).nodeSize;
    return pos;
  }

  /** The place behind the block that has this line of the text. */
  behindLine(line) {
    const at = this.written().lines.findLastIndex((it) => it <= line);
    return this.#begin(at + 1);
  }

  goTo(at) {
    const { doc } = this.view.state;
    const pos = this.#begin(at);
    const transaction = this.view.state.tr;
    transaction.setSelection(Selection.near(doc.resolve(Math.min(pos, doc.content.size)), 1));
    this.view.dispatch(transaction.scrollIntoView());
    this.view.focus();
    this.view.nodeDOM(pos)?.scrollIntoView?.({ block: "nearest" });
  }

  pictureAddress(name) {
    if (/^(?:https?:|data:|\/\/)/.test(name)) return "";
    return `${this.base}/pictures/${name.split("/").map(encodeURIComponent).join("/")}`;
  }

  editLink() {
    return editLink(this.view, this.words);
  }

  chooseDocument() {
    this.documents.click();
  }

  choosePicture() {
    this.pictures.choose();
  }

  insertPersonal() {
    return insertExpression(this.view, this);
  }

  setTypography() {
    const found = setFrench(this.view.state);
    if (found) {
      this.view.dispatch(found.transaction);
      this.view.dispatch(closeHistory(this.view.state.tr));
      this.note(null, {}, { said: this.words.count("typography_set", found.count), undo: true });
    } else this.note("typography_nothing");
    this.view.focus();
  }
}
