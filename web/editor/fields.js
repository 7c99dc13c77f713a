// Blocks that consist of lines: drawn as what they are, and filled by fields, which open when
// somebody goes into the block.

import { NodeSelection } from "prosemirror-state";
import { WithFields, bar, field } from "./blocks.js";
import { h } from "./dom.js";
import { drawn } from "./drawing.js";
import { keyNameOf, keyOf } from "./names.js";

/** Blocks of lines: picture, button, votes, agenda, signature, contents. */
export class FieldsView extends WithFields {
  constructor(node, view, getPos, desk) {
    super(node, view, getPos, desk);
    const { kind } = node.attrs;
    const title = this.words.say(`block_${kind}`);
    this.form = h("div", { class: "block-fields" });
    this.shown = h("div", { class: "block-shown", onclick: () => this.go() });
    this.changing = h("button", {
      type: "button", class: "block-add change", "aria-label": this.words.say("change_of", { block: title }),
      "aria-expanded": "false", onclick: () => (this.isOpen ? this.close() : this.go()),
    }, this.words.say("change"));
    this.dom = h("div", { class: `block of-fields is-${kind}`, role: "group", "aria-label": title, contenteditable: "false" },
      bar(desk, title, view, getPos, this.changing), this.shown, this.form);
    this.dom.addEventListener("open-fields", () => this.open());
    this.dom.addEventListener("focusout", () => setTimeout(() => {
      // By then a field that was drawn anew has the focus again.
      if (!this.dom.contains(document.activeElement) && document.hasFocus()) this.close();
    }));
    this.inputs = {};
    this.draw();
    this.close();
  }

  draw() {
    const { kind } = this.node.attrs;
    this.form.replaceChildren(...this[kind]());
    this.rows = this.node.attrs.values.length;
    this.show();
  }

  show() {
    this.shown.replaceChildren(...drawn(this, this.desk));
  }

  go() {
    this.open();
    this.form.querySelector("input")?.focus();
  }

  open() {
    this.isOpen = true;
    this.dom.classList.add("open");
    this.changing.setAttribute("aria-expanded", "true");
  }

  /** Fields of a picture that has no words yet stay open: something is asked there. */
  close() {
    this.isOpen = this.node.attrs.kind === "image" && !this.has("alt");
    this.dom.classList.toggle("open", this.isOpen);
    this.changing.setAttribute("aria-expanded", String(this.isOpen));
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
    this.show();
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
        [...this.form.querySelectorAll(".block-row")].at(-1)?.querySelector("input").focus();
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
    return [this.title()];
  }

  selectNode() {
    this.dom.classList.add("ProseMirror-selectednode");
  }

  deselectNode() {
    this.dom.classList.remove("ProseMirror-selectednode");
  }
}

/** With a block of fields marked, Enter leads into its first field. */
export const enterFields = (state, _dispatch, view) => {
  const { selection } = state;
  if (!(selection instanceof NodeSelection) || selection.node.type.name !== "fields" || !view) return false;
  return openFields(view, selection.from);
};

/** Open the fields of the block at a position, and go into the first, or the one named. */
export const openFields = (view, pos, selector = "input, textarea") => {
  const dom = view.nodeDOM(pos);
  if (!dom?.classList?.contains("of-fields")) return false;
  dom.dispatchEvent(new CustomEvent("open-fields"));
  const first = dom.querySelector(`.block-fields :is(${selector})`);
  first?.focus();
  return Boolean(first);
};
