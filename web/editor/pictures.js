// Pictures: uploaded, put where the cursor is, and asked for their words in the place.

import { closeHistory } from "prosemirror-history";
import { NodeSelection } from "prosemirror-state";
import { openFields } from "./fields.js";
import { nameOf } from "./names.js";
import { placeIn } from "./paste.js";
import { faultOf } from "./client.js";
import { SCHEMA } from "./schema.js";

const MOST = 30 * 1024 * 1024;

export const isPicture = (file) => /^image\//.test(file.type) || /\.(png|jpe?g|webp|gif|svg|heic)$/i.test(file.name);

export class Pictures {
  constructor(desk) {
    this.desk = desk;
    this.input = document.createElement("input");
    this.input.type = "file";
    this.input.accept = "image/png,image/jpeg,image/webp,image/gif";
    this.input.multiple = true;
    this.input.hidden = true;
    this.input.className = "picture-file";
    this.input.tabIndex = -1;
    this.input.setAttribute("aria-label", desk.words.say("picture"));
    this.input.addEventListener("change", () => {
      const files = [...this.input.files];
      this.input.value = "";
      desk.bring(files);
    });
  }

  choose() {
    this.input.click();
  }

  /**
   * Upload a file, and put its block where it was dropped: {to, picture}, or null for what was refused.
   * `asks`: go on to the question what it shows; `beside`: what is said stands below what was said.
   */
  async take(file, pos, { beside = false, asks = true } = {}) {
    const { desk } = this;
    if (file.size > MOST) {
      desk.note("picture_too_large", { name: file.name }, { beside });
      return null;
    }
    const place = placeIn(desk.view, pos, desk.words.say("uploading"));
    let answer;
    try {
      answer = await desk.client.form("/pictures", [["picture", file, file.name]]);
    } catch {
      answer = { status: 0, said: {} };
    }
    const where = place.where() ?? desk.view.state.selection.to;
    place.done();
    if (answer.status < 200 || answer.status > 299) {
      const fault = faultOf(answer.said);
      if (fault) desk.note(null, {}, { said: fault, beside });
      else desk.note(answer.status === 413 ? "picture_too_large" : "not_uploaded", { name: file.name }, { beside });
      return null;
    }
    return this.put(answer.said.name, where, asks);
  }

  /** Go to the first picture that waits for words. */
  askFirst() {
    const { view } = this.desk;
    let found = null;
    view.state.doc.descendants((node, pos) => {
      const isUnsaid = node.type === SCHEMA.nodes.fields && node.attrs.kind === "image" && !node.attrs.values.some(([key]) => key === "alt");
      if (isUnsaid) found ??= pos;
      return found === null;
    });
    if (found === null) return;
    view.dispatch(view.state.tr.setSelection(NodeSelection.create(view.state.doc, found)).scrollIntoView());
    openFields(view, found, "input.alt");
  }

  put(name, where, asks) {
    const { view } = this.desk;
    const language = this.desk.language();
    const node = SCHEMA.nodes.fields.create({ kind: "image", name: nameOf("image", language), argument: name });
    const place = view.state.doc.resolve(where);
    // A picture stands between the blocks of the letter, or of a box or column.
    let depth = place.depth;
    while (depth > 1 && !["box", "column"].includes(place.node(depth - 1).type.name)) depth -= 1;
    const { parent } = place;
    const inEmpty = parent.type === SCHEMA.nodes.paragraph && !parent.content.size && depth === place.depth;
    const transaction = closeHistory(view.state.tr);
    let pos;
    if (inEmpty && depth > 0) {
      pos = place.before();
      transaction.replaceWith(pos, place.after(), node);
    } else {
      pos = depth ? place.after(depth) : where;
      transaction.insert(pos, node);
    }
    if (pos + node.nodeSize >= transaction.doc.content.size) {
      transaction.insert(pos + node.nodeSize, SCHEMA.nodes.paragraph.create());
    }
    if (asks) transaction.setSelection(NodeSelection.create(transaction.doc, pos));
    view.dispatch(transaction.scrollIntoView());
    view.dispatch(closeHistory(view.state.tr));
    if (asks) openFields(view, pos, "input.alt");
    return { to: pos + node.nodeSize, picture: pos };
  }
}
