// A picture within a line: shown, and asked what it shows by a double click, Enter or F2.

import { NodeSelection } from "prosemirror-state";
import { ask, h } from "./dom.js";
import { SCHEMA } from "./schema.js";

export class ImageView {
  constructor(node, view, getPos, desk) {
    Object.assign(this, { node, view, getPos, desk });
    this.dom = h("img", { class: "in-line" });
    this.dom.addEventListener("dblclick", () => editImage(view, desk, getPos(), this.node));
    this.draw();
  }

  draw() {
    const { src, alt } = this.node.attrs;
    const address = this.desk.pictureAddress(src);
    if (this.dom.getAttribute("src") !== address) this.dom.setAttribute("src", address);
    this.dom.alt = alt;
    this.dom.title = alt || this.desk.words.say("alt_missing");
  }

  update(node) {
    if (node.type !== this.node.type) return false;
    this.node = node;
    this.draw();
    return true;
  }
}

/** Ask what a picture shows. */
export const editImage = async (view, desk, pos, node) => {
  const { words } = desk;
  const input = h("input", { type: "text", id: "image-alt", autocomplete: "off" });
  input.value = node.attrs.alt;
  const form = h("form", { method: "dialog" },
    h("h2", { id: "image-title" }, words.say("block_image")),
    h("div", { class: "field" }, h("label", { for: "image-alt" }, words.say("field_alt")), input),
    h("div", { class: "row" },
      h("button", { class: "button small", value: "take" }, words.say("take_over")),
      h("button", { class: "button small quiet", value: "remove" }, words.say("remove")),
      h("button", { class: "button small quiet", value: "" }, words.say("cancel"))));
  const said = await ask(h("dialog", { class: "asking", "aria-labelledby": "image-title" }, form));
  const there = view.state.doc.nodeAt(pos);
  if (there?.type === SCHEMA.nodes.image) {
    const alt = input.value.trim();
    if (said === "remove") view.dispatch(view.state.tr.delete(pos, pos + there.nodeSize));
    else if (said === "take" && alt !== there.attrs.alt) view.dispatch(view.state.tr.setNodeMarkup(pos, null, { ...there.attrs, alt }));
  }
  view.focus();
};

/** With a picture within a line marked, the question what it shows. */
export const openImage = (desk) => (state, dispatch, view) => {
  const { selection } = state;
  if (!(selection instanceof NodeSelection) || selection.node.type !== SCHEMA.nodes.image) return false;
  editImage(view, desk, selection.from, selection.node);
  return true;
};
