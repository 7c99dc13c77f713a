// Pictures: uploaded, put where the cursor is, and asked for their words in the place.

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
    this.input.addEventListener("change", async () => {
      const files = [...this.input.files];
      this.input.value = "";
      for (const file of files) await this.take(file, desk.view.state.selection.to);
    });
  }

  choose() {
    this.input.click();
  }

  /** Upload a file, and put its block where it was dropped. */
  async take(file, pos) {
    const { desk } = this;
    if (file.size > MOST) {
      desk.note("picture_too_large", { name: file.name });
      return;
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
      if (fault) desk.note(null, {}, { said: fault });
      else desk.note(answer.status === 413 ? "picture_too_large" : "not_uploaded", { name: file.name });
      return;
    }
    this.put(answer.said.name, where);
  }

  put(name, where) {
    const { view } = this.desk;
    const language = this.desk.language();
    const node = SCHEMA.nodes.fields.create({ kind: "image", name: nameOf("image", language), argument: name });
    const place = view.state.doc.resolve(where);
    // A picture stands between the blocks of the letter, or of a box or column.
    let depth = place.depth;
    while (depth > 1 && !["box", "column"].includes(place.node(depth - 1).type.name)) depth -= 1;
    const { parent } = place;
    const inEmpty = parent.type === SCHEMA.nodes.paragraph && !parent.content.size && depth === place.depth;
    const transaction = view.state.tr;
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
    transaction.setSelection(NodeSelection.create(transaction.doc, pos)).scrollIntoView();
    view.dispatch(transaction);
    openFields(view, pos, "input.alt");
  }
}
