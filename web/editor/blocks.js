// Draws our blocks as what they are, filled by fields. Nothing here has a style of its own.

import { Selection } from "prosemirror-state";
import { h } from "./dom.js";
import { deleteBlock, moveBlock } from "./moving.js";
import { addColumn, addRow, deleteColumn, deleteRow } from "./tables.js";

/** The bar above a block: what it is, and the buttons that move and delete it. */
export const bar = (desk, title, view, getPos, ...more) => {
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

export const field = (label, input, hint) => h("label", { class: "block-field" },
  h("span", {}, label), input, hint ? h("small", {}, hint) : null);

/** A view whose fields write attributes of its node. */
export class WithFields {
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

  /** A field of one line that grows with its text: a small screen would cut it off. */
  growing(value, set, attrs) {
    const it = this.input(value, (text) => set(text.replace(/\s*[\r\n]+\s*/g, " ")), { ...attrs, rows: 1 });
    if (!CSS.supports("field-sizing", "content")) {
      const fit = () => { for (it.rows = 1; it.scrollHeight > it.clientHeight && it.rows < 8;) it.rows += 1; };
      it.addEventListener("input", fit);
      requestAnimationFrame(fit);
    }
    return it;
  }

  /** Enter in a field leads on to what stands behind the block. */
  leave(event) {
    if (event.key !== "Enter" || event.isComposing || event.target.tagName === "BUTTON") return;
    event.preventDefault();
    const { state } = this.view;
    const behind = this.getPos() + (this.contentDOM ? 1 : this.node.nodeSize);
    let transaction = state.tr;
    // Only a paragraph is a place to go on: a heading, or the next block, has words of its own.
    if (!this.contentDOM && state.doc.resolve(behind).nodeAfter?.type.name !== "paragraph") {
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
      const label = this.words.say(`field_${this.attr}`);
      this.fieldInput = this.growing(node.attrs[this.attr], (text) => this.set({ [this.attr]: text }), {
        "aria-label": label, placeholder: label, class: "block-line",
      });
      above.push(h("div", { class: "block-lines", contenteditable: "false" }, this.fieldInput));
    }
    const isPart = kind === "column";
    const parts = isPart ? [] : [bar(desk, title, view, getPos)];
    // The author stands below the quotation, as in the letter.
    const order = kind === "quote" ? [this.contentDOM, ...above] : [...above, this.contentDOM];
    this.dom = h("div", { class: `block around is-${kind}`, role: "group", "aria-label": title }, ...parts, ...order);
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
    this.dom = h("div", { class: "block is-raw", role: "group", "aria-label": title },
      bar(desk, title, view, getPos), h("pre", { spellcheck: "false" }, this.contentDOM));
  }

  update(node) {
    if (node.type !== this.node.type) return false;
    this.node = node;
    return true;
  }
}

const MANY = 6;

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
    this.dom = h("div", { class: "block is-table", role: "group", "aria-label": title },
      bar(desk, title, view, getPos),
      h("div", { class: "block-tools", contenteditable: "false" },
        button("add_row", addRow), button("add_column", addColumn),
        button("delete_row", deleteRow), button("delete_column", deleteColumn)),
      h("div", { class: "table" }, h("table", {}, this.contentDOM)));
    this.update(node);
  }

  update(node) {
    if (node.type !== this.node.type) return false;
    this.node = node;
    // What scrolls must be reached by the keyboard.
    const table = this.contentDOM.closest(".table");
    if (node.firstChild.childCount > MANY) table.setAttribute("tabindex", "0");
    else table.removeAttribute("tabindex");
    table.classList.toggle("many", node.firstChild.childCount > MANY);
    return true;
  }
}
