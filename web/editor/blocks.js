// Draws our blocks as what they are, filled by fields. Nothing here has a style of its own.

import { NodeSelection, Selection } from "prosemirror-state";
import { h } from "./dom.js";
import { deleteBlock, moveBlock } from "./moving.js";
import { keyNameOf, keyOf } from "./names.js";
import { addColumn, addRow, deleteColumn, deleteRow } from "./tables.js";

/** The bar above a block: what it is, and the buttons that move and delete it. */
const bar = (desk, title, view, getPos, ...more) => {
  const { words } = desk;
  const button = (name, sign, act) => h("button", {
    type: "button", class: "block-button", title: words.say(name),
    "aria-label": words.say(`${name}_of`, { block: title }), onclick: act,
  }, h("span", { "aria-hidden": "true" }, sign));
  return h("div", { class: "block-bar", contenteditable: "false" },
    h("span", { class: "block-name" }, title), ...more,
    h("span", { class: "block-buttons" },
      button("move_up", "↑", () => moveBlock(view, getPos(), -1)),
      button("move_down", "↓", () => moveBlock(view, getPos(), 1)),
      button("delete", "✕", () => deleteBlock(view, getPos()))));
};

const field = (label, input, hint) => h("label", { class: "block-field" },
  h("span", {}, label), input, hint ? h("small", {}, hint) : null);

/** A view whose fields write attributes of its node. */
class WithFields {
  constructor(node, view, getPos, desk) {
    Object.assign(this, { node, view, getPos, desk });
    this.words = desk.words;
  }

  set(attrs) {
    const { state } = this.view;
    this.view.dispatch(state.tr.setNodeMarkup(this.getPos(), null, { ...this.node.attrs, ...attrs }));
  }

  input(value, set, attrs = {}) {
    const it = h(attrs.rows ? "textarea" : "input", {
      ...(attrs.rows ? {} : { type: "text" }), autocomplete: "off", ...attrs,
    });
    it.value = value;
    it.addEventListener("input", () => set(it.value));
    it.addEventListener("keydown", (event) => this.leave(event));
    return it;
  }

  /** Enter in a field leads on to what stands behind the block. */
  leave(event) {
    if (event.key !== "Enter" || event.isComposing || event.target.tagName === "BUTTON") return;
    event.preventDefault();
    const { state } = this.view;
    const behind = this.getPos() + (this.contentDOM ? 1 : this.node.nodeSize);
    let transaction = state.tr;
    if (!this.contentDOM && behind >= state.doc.content.size) {
      transaction = transaction.insert(behind, state.schema.nodes.paragraph.create());
    }
    this.view.dispatch(transaction.setSelection(Selection.near(transaction.doc.resolve(behind), 1)));
    this.view.focus();
  }

  fill(input, value) {
    if (input && input !== document.activeElement && input.value !== value) input.value = value;
  }

  stopEvent(event) {
    return Boolean(event.target.closest?.("input, textarea, select, button, label"));
  }

  ignoreMutation(mutation) {
    if (mutation.type === "selection") return !this.contentDOM;
    return !this.contentDOM || !this.contentDOM.contains(mutation.target);
  }
}

/** Blocks of lines: picture, button, votes, agenda, signature, contents. */
export class FieldsView extends WithFields {
  constructor(node, view, getPos, desk) {
    super(node, view, getPos, desk);
    const { kind } = node.attrs;
    const title = this.words.say(`block_${kind}`);
    this.form = h("div", { class: "block-fields" });
    this.dom = h("section", { class: `block of-fields ${kind}`, "aria-label": title, contenteditable: "false" },
      bar(desk, title, view, getPos), this.form);
    this.inputs = {};
    this.draw();
  }

  draw() {
    const { kind } = this.node.attrs;
    this.form.replaceChildren(...this[kind]());
    this.rows = this.node.attrs.values.length;
  }

  update(node) {
    if (node.type !== this.node.type || node.attrs.kind !== this.node.attrs.kind) return false;
    this.node = node;
    if (node.attrs.kind === "agenda" && node.attrs.values.length !== this.rows) {
      this.draw();
      return true;
    }
    for (const [name, input] of Object.entries(this.inputs)) this.fill(input, this.read(name));
    this.after?.();
    return true;
  }

  /** The value of a field by its name: `argument`, a key, or an agenda's `row.cell`. */
  read(name) {
    const { kind, argument, values } = this.node.attrs;
    if (name === "argument") return argument;
    if (name === "address") return argument.split(" ")[0];
    if (name === "words") return argument.slice(this.read("address").length).trim();
    if (kind === "agenda") {
      const [row, cell] = name.split(".").map(Number);
      return values[row]?.[cell] ?? "";
    }
    return values.find(([key]) => keyOf(kind, key) === name)?.[1] ?? "";
  }

  has(name) {
    const { kind, values } = this.node.attrs;
    return values.some(([key]) => keyOf(kind, key) === name);
  }

  write(name, text) {
    const { kind, values } = this.node.attrs;
    const at = values.findIndex(([key]) => keyOf(kind, key) === name);
    const next = values.map((it) => [...it]);
    // A key without a value is a fault, but for `alt`, where it says that a picture decorates.
    if (at >= 0 && !text && name !== "alt") next.splice(at, 1);
    else if (at >= 0) next[at][1] = text;
    else if (text || name === "alt") next.push([keyNameOf(name, this.desk.language()), text]);
    this.set({ values: next });
  }

  line(name, attrs = {}, hint = "") {
    const input = this.input(this.read(name), (text) => this.write(name, text), attrs);
    this.inputs[name] = input;
    return field(this.words.say(`field_${name}`), input, hint);
  }

  title() {
    const input = this.input(this.node.attrs.argument, (argument) => this.set({ argument }));
    this.inputs.argument = input;
    return field(this.words.say("field_title"), input);
  }

  image() {
    const shown = h("img", { alt: "", class: "block-picture", src: this.desk.pictureAddress(this.node.attrs.argument) });
    const decorates = h("input", { type: "checkbox", class: "decorates" });
    const alt = this.line("alt", { class: "alt" });
    const input = this.inputs.alt;
    const question = h("p", { class: "alt-asked" }, this.words.say("alt_asked"));
    this.after = () => {
      const isDecorating = this.has("alt") && !this.read("alt");
      decorates.checked = isDecorating && input !== document.activeElement;
      input.disabled = decorates.checked;
      question.hidden = this.has("alt");
      this.dom.classList.toggle("without-alt", !this.has("alt"));
      const address = this.desk.pictureAddress(this.node.attrs.argument);
      if (shown.getAttribute("src") !== address) shown.src = address;
    };
    decorates.addEventListener("change", () => {
      if (decorates.checked) this.write("alt", "");
      else {
        this.set({ values: this.node.attrs.values.filter(([key]) => keyOf("image", key) !== "alt") });
        input.disabled = false;
        input.focus();
      }
    });
    this.after();
    return [
      h("div", { class: "block-shown" }, shown, h("span", { class: "block-file" }, this.node.attrs.argument)),
      question, alt,
      h("label", { class: "block-check" }, decorates, h("span", {}, this.words.say("decorative"))),
      this.line("caption"), this.line("credit"),
      this.line("width", { inputmode: "numeric", class: "short" }, this.words.say("hint_width")),
    ];
  }

  button() {
    const write = () => this.set({ argument: `${address.value.trim().replace(/\s/g, "%20")} ${text.value}` });
    const text = this.input(this.read("words"), write);
    const address = this.input(this.read("address"), write, { type: "url" });
    this.inputs = { words: text, address };
    return [field(this.words.say("field_words"), text), field(this.words.say("field_address"), address)];
  }

  votes() {
    const number = { inputmode: "numeric", class: "short" };
    return [
      this.title(),
      h("div", { class: "block-row" }, this.line("for", number), this.line("against", number),
        this.line("abstention", number), this.line("unit", { class: "short" })),
    ];
  }

  agenda() {
    this.inputs = {};
    const { values } = this.node.attrs;
    const rows = values.map((_, row) => {
      const cell = (name, at, attrs) => {
        const input = this.input(this.read(`${row}.${at}`), (text) => this.cell(row, at, text), attrs);
        this.inputs[`${row}.${at}`] = input;
        return field(this.words.say(`field_${name}`), input);
      };
      return h("div", { class: "block-row", role: "group", "aria-label": this.words.say("date_of", { n: row + 1 }) },
        cell("when", 0, { placeholder: "2026-12-08 18:00" }), cell("place", 1), cell("what", 2),
        h("button", {
          type: "button", class: "block-button", title: this.words.say("delete"),
          "aria-label": this.words.say("delete_date", { n: row + 1 }),
          onclick: () => this.set({ values: values.filter((_it, at) => at !== row) }),
        }, h("span", { "aria-hidden": "true" }, "✕")));
    });
    const add = h("button", {
      type: "button", class: "block-add",
      onclick: () => {
        this.set({ values: [...this.node.attrs.values, ["", "", ""]] });
        this.form.querySelectorAll(".block-row:last-of-type input")[0]?.focus();
      },
    }, this.words.say("add_date"));
    return [this.title(), ...rows, add];
  }

  cell(row, at, text) {
    const values = this.node.attrs.values.map((it) => [...it]);
    // A bar parts the cells of a line, and so cannot stand in one.
    values[row][at] = text.replaceAll("|", "/");
    this.set({ values });
  }

  signature() {
    return [this.line("name"), this.line("function"), this.line("picture"), this.line("alt")];
  }

  contents() {
    return [h("p", { class: "block-said" }, this.words.say("contents_said")), this.title()];
  }

  selectNode() {
    this.dom.classList.add("ProseMirror-selectednode");
  }

  deselectNode() {
    this.dom.classList.remove("ProseMirror-selectednode");
  }
}

/** Blocks around text, perhaps with a field above it: box, lead, quotation, columns, footnote. */
export class AroundView extends WithFields {
  constructor(node, view, getPos, desk) {
    super(node, view, getPos, desk);
    const kind = node.type.name;
    const title = kind === "footnote"
      ? this.words.say("block_footnote", { n: node.attrs.label }) : this.words.say(`block_${kind}`);
    this.contentDOM = h("div", { class: "block-content" });
    this.attr = { box: "title", quote: "author" }[kind];
    const above = [];
    if (this.attr) {
      this.fieldInput = this.input(node.attrs[this.attr], (text) => this.set({ [this.attr]: text }));
      above.push(h("div", { class: "block-fields", contenteditable: "false" },
        field(this.words.say(`field_${this.attr}`), this.fieldInput)));
    }
    const isPart = kind === "column";
    const parts = isPart ? [] : [bar(desk, title, view, getPos)];
    // The author stands below the quotation, as in the letter.
    const order = kind === "quote" ? [this.contentDOM, ...above] : [...above, this.contentDOM];
    this.dom = h("section", { class: `block around ${kind}`, role: "group", "aria-label": title }, ...parts, ...order);
  }

  update(node) {
    if (node.type !== this.node.type) return false;
    this.node = node;
    if (this.attr) this.fill(this.fieldInput, node.attrs[this.attr]);
    return true;
  }
}

/** A block that the editor does not draw: shown as it is written, edited as text. */
export class RawView extends WithFields {
  constructor(node, view, getPos, desk) {
    super(node, view, getPos, desk);
    const title = this.words.say("block_raw");
    this.contentDOM = h("code");
    this.dom = h("section", { class: "block raw", role: "group", "aria-label": title },
      bar(desk, title, view, getPos), h("pre", { spellcheck: "false" }, this.contentDOM));
  }

  update(node) {
    if (node.type !== this.node.type) return false;
    this.node = node;
    return true;
  }
}

/** A table, with buttons for its rows and columns. */
export class TableView extends WithFields {
  constructor(node, view, getPos, desk) {
    super(node, view, getPos, desk);
    const title = this.words.say("block_table");
    const button = (name, act) => h("button", {
      type: "button", class: "block-add", onmousedown: (event) => event.preventDefault(),
      onclick: () => { act(view, getPos()); view.focus(); },
    }, this.words.say(name));
    this.contentDOM = h("tbody");
    this.dom = h("section", { class: "block of-table", role: "group", "aria-label": title },
      bar(desk, title, view, getPos),
      h("div", { class: "block-tools", contenteditable: "false" },
        button("add_row", addRow), button("add_column", addColumn),
        button("delete_row", deleteRow), button("delete_column", deleteColumn)),
      h("div", { class: "table" }, h("table", {}, this.contentDOM)));
  }

  update(node) {
    if (node.type !== this.node.type) return false;
    this.node = node;
    return true;
  }
}

/** A picture within a line. */
export class ImageView {
  constructor(node, view, getPos, desk) {
    this.dom = h("img", { src: desk.pictureAddress(node.attrs.src), alt: node.attrs.alt, class: "in-line" });
  }
}

/** With a block of fields marked, Enter leads into its first field. */
export const enterFields = (state, _dispatch, view) => {
  const { selection } = state;
  if (!(selection instanceof NodeSelection) || selection.node.type.name !== "fields" || !view) return false;
  const first = view.nodeDOM(selection.from)?.querySelector("input, textarea");
  first?.focus();
  return Boolean(first);
};
