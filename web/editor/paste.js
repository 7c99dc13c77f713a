// Takes over what is pasted and dropped: the server's one converter makes Markdown of it, which
// comes back as blocks. What was left out is told in one line, with a way back.

import { closeHistory } from "prosemirror-history";
import { Fragment, Slice } from "prosemirror-model";
import { Plugin, PluginKey, Selection } from "prosemirror-state";
import { Decoration, DecorationSet } from "prosemirror-view";
import { asLines, behindTable, isInLine } from "./cells.js";
import { MOST, carried } from "./clipboard.js";
import { faultOf } from "./client.js";
import { whole } from "./cutting.js";
import { fitted, unsaidIn } from "./fitting.js";
import { isPicture } from "./pictures.js";

// The server says of an old .doc what to do with it.
const DOCUMENT = /\.(docx?|odt|rtf)$/i;

/** Keeps the places in which something will stand once the server has answered. */
export const placesKey = new PluginKey("places");
export const places = () => new Plugin({
  key: placesKey,
  state: {
    init: () => DecorationSet.empty,
    apply(transaction, set) {
      let now = set.map(transaction.mapping, transaction.doc);
      const said = transaction.getMeta(placesKey);
      if (said?.add) now = now.add(transaction.doc, [said.add]);
      if (said?.remove) now = now.remove(now.find(undefined, undefined, (it) => it.id === said.remove));
      return now;
    },
  },
  props: { decorations(state) { return placesKey.getState(state); } },
});

let numbered = 0;

/** Mark a place; {where(), done()}. */
export const placeIn = (view, pos, said) => {
  const id = `place-${++numbered}`;
  const mark = () => {
    const it = document.createElement("span");
    if (said) it.className = "waiting";
    it.textContent = said;
    return it;
  };
  view.dispatch(view.state.tr.setMeta(placesKey, { add: Decoration.widget(pos, mark, { id }) }).setMeta("addToHistory", false));
  return {
    where: () => placesKey.getState(view.state).find(undefined, undefined, (it) => it.id === id)[0]?.from,
    done: () => view.dispatch(view.state.tr.setMeta(placesKey, { remove: id }).setMeta("addToHistory", false)),
  };
};

/** Blocks as they are put into a text: one paragraph joins the one around it. */
export const sliceOf = (nodes) => {
  const only = nodes.length === 1 && nodes[0].type.name === "paragraph" && !nodes[0].attrs.before;
  const isText = (node) => node.type.name === "paragraph" && !node.attrs.before;
  return only ? new Slice(Fragment.from(nodes), 1, 1)
    : new Slice(Fragment.from(nodes), isText(nodes[0]) ? 1 : 0, isText(nodes.at(-1)) ? 1 : 0);
};

/** Where a document stands: not within a line of the text, but before or behind it, if it can. */
const besideText = (doc, pos) => {
  const place = doc.resolve(Math.min(pos, doc.content.size));
  const { parent, parentOffset, depth } = place;
  if (depth !== 1 || !parent.isTextblock || !parent.content.size) return place.pos;
  if (parentOffset === parent.content.size) return place.after();
  return parentOffset === 0 ? place.before() : place.pos;
};

export class Pasting {
  constructor(desk) {
    this.desk = desk;
  }

  /** Listeners for ProseMirror: its own reading of HTML would set styles, which the policy forbids. */
  get events() {
    return {
      paste: (view, event) => this.pasted(view, event),
      drop: (view, event) => this.dropped(view, event),
    };
  }

  pasted(view, event) {
    const data = event.clipboardData;
    if (!data) return false;
    event.preventDefault();
    // Within code and blocks that are shown as written, what is pasted is text.
    if (view.state.selection.$from.parent.type.spec.code) {
      const text = data.getData("text/plain").replace(/\r\n?/g, "\n");
      view.dispatch(view.state.tr.insertText(text).scrollIntoView());
    } else this.take(view, data);
    return true;
  }

  dropped(view, event) {
    // What was dragged within the page is moved by ProseMirror.
    if (view.dragging || !event.dataTransfer) return false;
    const { types } = event.dataTransfer;
    if (!types.includes("Files") && !types.includes("text/html")) return false;
    event.preventDefault();
    const pos = view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos ?? view.state.selection.from;
    this.take(view, event.dataTransfer, pos);
    return true;
  }

  /** Take what somebody carries here: to a position, or in place of what is marked. */
  take(view, data, pos = null) {
    const { files, html, text } = carried(data);
    if (files) this.files(view, files, pos ?? view.state.selection.from);
    else if (html?.includes("data-pm-slice")) this.own(view, html, pos);
    else if (html) this.convert(view, [["html", html]], html.length, text, pos);
    else if (text) this.text(view, text);
  }

  /** What was copied in an editor like this one. */
  own(view, html, pos) {
    if (pos !== null) view.dispatch(view.state.tr.setSelection(Selection.near(view.state.doc.resolve(pos))));
    view.pasteHTML(withoutStyles(html));
  }

  /**
   * Files, one after the other: a document becomes its text, a picture a block; of others is said
   * why not. Each stands behind the one before it, wherever that has moved to meanwhile.
   */
  async files(view, files, pos) {
    const { desk } = this;
    const waiting = (at, count) => placeIn(view, at, count > 1 ? desk.words.count("files_left", count) : "");
    let place = waiting(pos, files.length);
    let isAsking = false;
    for (const [n, file] of files.entries()) {
      const at = place.where() ?? view.state.selection.to;
      const end = await this.file(view, file, at, { beside: n > 0, asks: files.length === 1 });
      isAsking ||= files.length > 1 && end?.picture !== undefined && end?.picture !== null;
      const next = end?.to ?? place.where() ?? view.state.selection.to;
      place.done();
      place = waiting(Math.min(next, view.state.doc.content.size), files.length - n - 1);
    }
    place.done();
    if (isAsking) desk.pictures.askFirst();
  }

  /** One file: {to, picture} where something was put; null if nothing was. */
  async file(view, file, pos, { beside, asks }) {
    const { desk } = this;
    if (DOCUMENT.test(file.name)) return this.convert(view, [["file", file, file.name]], file.size, "", pos, beside);
    if (isPicture(file)) return desk.pictures.take(file, pos, { beside, asks });
    if (/\.pdf$/i.test(file.name) || file.type === "application/pdf") desk.note("no_pdf", {}, { beside });
    else desk.note("no_such_file", { name: file.name }, { beside });
    return null;
  }

  /** Plain text: its lines are paragraphs; nothing in it is taken for Markdown. */
  text(view, text) {
    const { schema } = view.state;
    const clean = wellFormed(text).replace(/\r\n?/g, "\n").replace(/^\n+|\n+$/g, "");
    if (clean.length > MOST) {
      this.desk.note("too_much");
      return;
    }
    const paragraphs = clean.split(/\n{2,}/).map((part) => {
      const lines = part.split("\n").flatMap((line, at) => [
        ...(at ? [schema.nodes.hard_break.create()] : []), ...(line ? [schema.text(line)] : []),
      ]);
      return schema.nodes.paragraph.create(null, lines);
    });
    const slice = new Slice(Fragment.from(paragraphs), 1, 1);
    if (!this.intoCell(view, slice)) view.dispatch(view.state.tr.replaceSelection(slice).scrollIntoView());
  }

  /** Put several blocks where the cursor is, if that is in a table; false if it is not. */
  intoCell(view, slice) {
    const { $from, $to, from, to } = view.state.selection;
    const behind = behindTable($from);
    if (behind === null || !$from.sameParent($to) || isInLine(slice)) return false;
    const lines = asLines(slice.content);
    const transaction = closeHistory(view.state.tr);
    if (lines) transaction.replaceWith(from, to, lines);
    else transaction.replaceRange(behind, behind, slice);
    view.dispatch(transaction.setMeta("paste", true).scrollIntoView());
    view.dispatch(closeHistory(view.state.tr));
    return true;
  }

  async convert(view, fields, size, text, pos = null, beside = false) {
    const { desk } = this;
    if (size > MOST) {
      desk.note("too_much", {}, { beside });
      return null;
    }
    const hides = pos === null && !view.state.selection.empty;
    if (hides) view.dispatch(closeHistory(view.state.tr.deleteSelection()));
    const place = placeIn(view, pos ?? view.state.selection.from, desk.words.say("converting"));
    let answer;
    try {
      answer = await desk.client.form("/convert", fields);
    } catch {
      answer = { status: 0, said: {} };
    }
    // Where the place was deleted meanwhile, the text comes to the cursor.
    const where = place.where() ?? view.state.selection.from;
    place.done();
    if (answer.status !== 200) {
      this.failed(view, answer, { text, where, hides, beside });
      return null;
    }
    const { markdown, front, changed = [], left_out: leftOut = [] } = answer.said;
    const isEmpty = !desk.written().text.trim();
    const blocks = desk.sources.open(whole(answer.said.blocks, markdown)).filter((it) => it.content.size || it.isAtom || it.isLeaf);
    if (!blocks.length) {
      desk.note("nothing_pasted", {}, { beside });
      return null;
    }
    const { nodes, notes } = fitted(blocks, view.state.doc);
    const isFile = fields[0][0] === "file";
    const to = this.put(view, nodes, notes, isFile ? besideText(view.state.doc, where) : where, isFile);
    const said = [];
    const listed = (all) => all.join(desk.words.language === "fr" ? "\u202f; " : "; ");
    if (leftOut.length) said.push(desk.words.say("told_left_out", { what: listed(leftOut) }));
    if (changed.length) said.push(desk.words.say("told_changed", { what: listed(changed) }));
    const unsaid = unsaidIn([...nodes, ...notes]);
    if (unsaid) said.push(desk.words.count("pictures_unsaid", unsaid));
    if (said.length) desk.note(null, {}, { said: said.join(" "), undo: true, beside });
    if (isEmpty && isFile) desk.takeFront?.(front ?? {});
    return { to, picture: null };
  }

  /** Put blocks where they belong, and footnotes at the end of the letter; the end of the blocks. */
  put(view, nodes, notes, where, areApart = false) {
    const { doc, tr } = view.state;
    let at = Math.min(where, doc.content.size);
    const transaction = closeHistory(tr);
    const behind = behindTable(doc.resolve(at));
    const lines = behind === null || areApart ? null : asLines(Fragment.from(nodes));
    if (lines) transaction.insert(at, lines);
    else if (nodes.length) {
      at = behind ?? at;
      const isWhole = areApart || behind !== null;
      transaction.replaceRange(at, at, isWhole ? new Slice(Fragment.from(nodes), 0, 0) : sliceOf(nodes));
    }
    const end = transaction.mapping.map(at);
    if (notes.length) transaction.insert(transaction.doc.content.size, notes);
    transaction.setSelection(Selection.near(transaction.doc.resolve(Math.min(end, transaction.doc.content.size)), -1));
    view.dispatch(transaction.setMeta("paste", true).scrollIntoView());
    // What is typed next is taken back by itself.
    view.dispatch(closeHistory(view.state.tr));
    view.focus();
    return end;
  }

  /**
   * Without the server's converter the words are taken, and it is said that they are only that.
   * `hides`: what was marked gave way to what was pasted; there is a way back.
   */
  failed(view, { status, said }, { text, where, hides, beside }) {
    const { desk } = this;
    const fault = faultOf(said);
    if (text && status !== 413) {
      view.dispatch(view.state.tr.setSelection(Selection.near(view.state.doc.resolve(Math.min(where, view.state.doc.content.size)))));
      this.text(view, text);
      if (fault) desk.note("pasted_as_text_for", { fault }, { undo: true, beside });
      else desk.note("pasted_as_text", {}, { undo: true, beside });
    } else if (fault) desk.note(null, {}, { said: fault, undo: hides, beside });
    else desk.note(status === 413 ? "too_much" : "not_converted", {}, { undo: hides, beside });
  }
}

/** Half of an emoji, which a clipboard may hold, is no sign that could be saved. */
const wellFormed = (text) => text.toWellFormed?.() ?? text.replace(/\p{Surrogate}/gu, "\ufffd");

const withoutStyles = (html) => html.replace(/\sstyle\s*=\s*(?:"[^"]*"|'[^']*')/g, "");
