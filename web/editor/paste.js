// Takes over what is pasted and dropped: the server's one converter makes Markdown of it, which
// comes back as blocks. What was left out is told in one line, with a way back.

import { closeHistory } from "prosemirror-history";
import { Fragment, Slice } from "prosemirror-model";
import { Plugin, PluginKey } from "prosemirror-state";
import { Decoration, DecorationSet } from "prosemirror-view";
import { whole } from "./cutting.js";
import { faultOf } from "./client.js";
import { isPicture } from "./pictures.js";

const MOST = 30 * 1024 * 1024;
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
    it.className = "waiting";
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
    const html = data.getData("text/html");
    const text = data.getData("text/plain");
    // Within code and blocks that are shown as written, what is pasted is text.
    if (view.state.selection.$from.parent.type.spec.code) {
      event.preventDefault();
      view.dispatch(view.state.tr.insertText(text.replace(/\r\n?/g, "\n")).scrollIntoView());
      return true;
    }
    if (html.includes("data-pm-slice")) {
      event.preventDefault();
      view.pasteHTML(withoutStyles(html));
      return true;
    }
    event.preventDefault();
    if (html) this.convert(view, [["html", html]], html.length, text);
    else if (data.files.length) this.files(view, [...data.files], view.state.selection.from);
    else if (text) this.text(view, text);
    return true;
  }

  dropped(view, event) {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length) return false;
    event.preventDefault();
    const pos = view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos ?? view.state.selection.from;
    this.files(view, files, pos);
    return true;
  }

  /** Files: a document becomes its text, a picture a block; of others is said why not. */
  async files(view, files, pos) {
    for (const file of files) {
      if (DOCUMENT.test(file.name)) await this.convert(view, [["file", file, file.name]], file.size, "", pos);
      else if (isPicture(file)) await this.desk.pictures.take(file, pos);
      else if (/\.pdf$/i.test(file.name)) this.desk.note("no_pdf");
      else this.desk.note("no_such_file", { name: file.name });
    }
  }

  /** Plain text: its lines are paragraphs; nothing in it is taken for Markdown. */
  text(view, text) {
    const { schema } = view.state;
    const clean = text.replace(/\r\n?/g, "\n").replace(/^\n+|\n+$/g, "");
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
    view.dispatch(view.state.tr.replaceSelection(new Slice(Fragment.from(paragraphs), 1, 1)).scrollIntoView());
  }

  async convert(view, fields, size, text, pos = null) {
    const { desk } = this;
    if (size > MOST) {
      desk.note("too_much");
      return;
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
    const where = place.where();
    place.done();
    if (answer.status !== 200) {
      this.failed(view, answer, text, where, hides);
      return;
    }
    const { markdown, told = [] } = answer.said;
    const nodes = desk.sources.open(whole(answer.said.blocks, markdown)).filter((it) => it.content.size || it.isAtom || it.isLeaf);
    if (!nodes.length) {
      desk.note("nothing_pasted");
      return;
    }
    // Where the place was deleted meanwhile, the text comes to the cursor.
    this.put(view, nodes, where ?? view.state.selection.from);
    if (told.length) desk.note(null, {}, { said: told.join(" "), undo: true });
  }

  put(view, nodes, where) {
    const slice = sliceOf(nodes);
    const state = view.state;
    const at = Math.min(where, state.doc.content.size);
    const transaction = closeHistory(state.tr.replaceRange(at, at, slice)).scrollIntoView();
    transaction.setMeta("paste", true);
    view.dispatch(transaction);
    // What is typed next is taken back by itself.
    view.dispatch(closeHistory(view.state.tr));
    view.focus();
  }

  /**
   * Without the server's converter the words are taken, and it is said that they are only that.
   * `hides`: what was marked gave way to what was pasted; there is a way back.
   */
  failed(view, { status, said }, text, where, hides) {
    const { desk } = this;
    const fault = faultOf(said);
    if (text && status !== 413) {
      view.dispatch(view.state.tr.setSelection(view.state.selection.constructor.near(view.state.doc.resolve(where ?? view.state.selection.from))));
      this.text(view, text);
      desk.note("pasted_as_text", {}, { undo: true });
    } else if (fault) desk.note(null, {}, { said: fault, undo: hides });
    else desk.note(status === 413 ? "too_much" : "not_converted", {}, { undo: hides });
  }
}

const withoutStyles = (html) => html.replace(/\sstyle="[^"]*"/g, "");
