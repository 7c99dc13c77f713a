// The toolbar: ten things a letter needs, each with words. One of its buttons is in the order of
// Tab; arrows move among them.

import { h, released } from "./dom.js";
import { SCHEMA } from "./schema.js";
import { around, asHeading, asList, asParagraph, asQuotation, insert, insertFootnote, isMarked, toggle } from "./commands.js";
import { addColumn, addRow, deleteColumn, deleteRow } from "./tables.js";
import { menu } from "./menus.js";
import { redo, redoDepth, undo, undoDepth } from "prosemirror-history";

const { nodes } = SCHEMA;
const INSERTED = ["box", "lead", "button", "columns", "table", "votes", "agenda", "signature", "contents", "rule"];

export class Toolbar {
  constructor(desk) {
    this.desk = desk;
    const { words } = desk;
    this.pressed = [];
    this.disabled = [];
    const run = (command) => () => {
      command(desk.view.state, desk.view.dispatch, desk.view);
      desk.view.focus();
    };
    const button = (name, act, { isPressed, isDisabled, sign, keys } = {}) => {
      const it = h("button", {
        type: "button", class: `tool-${name}`,
        title: keys ? `${words.say(name)} (${keys})` : null,
        "aria-pressed": isPressed ? "false" : null, "aria-keyshortcuts": keys ? keys.replaceAll("Ctrl", "Control") : null,
        onclick: () => released(act),
      }, sign ? h("span", { class: "sign-of", "aria-hidden": "true" }, sign) : null, h("span", {}, words.say(name)));
      if (isPressed) this.pressed.push([it, isPressed]);
      if (isDisabled) this.disabled.push([it, isDisabled]);
      return it;
    };
    const mark = (name, sign, keys) => button(name, run(toggle(name)), {
      sign, keys, isPressed: (state) => isMarked(state, name),
    });
    const levelOf = (state) => {
      const { parent } = state.selection.$from;
      return parent.type === nodes.heading ? parent.attrs.level : parent.type === nodes.paragraph ? 0 : null;
    };
    this.style = menu(words.say("style_0"), () => [0, 2, 3, 1].map((level) => ({
      label: words.say(`style_${level}`),
      checked: levelOf(desk.view.state) === level,
      act: run(level ? asHeading(level) : asParagraph),
    })), { "aria-label": words.say("style"), class: "tool-style" });
    this.levelOf = levelOf;
    const inTable = () => {
      const found = around(desk.view.state, nodes.table);
      const act = (name, change) => ({
        label: words.say(name),
        act: () => {
          change(desk.view, desk.view.state.selection.$from.before(found.depth));
          desk.view.focus();
        },
      });
      // The buttons above a table, for whoever has no mouse.
      return found ? [act("add_row", addRow), act("add_column", addColumn), act("delete_row", deleteRow), act("delete_column", deleteColumn)] : [];
    };
    this.insert = menu(words.say("insert"), () => [
      ...inTable(),
      ...INSERTED.map((kind) => ({
        label: words.say(`block_${kind}`), act: () => insert(desk.view, kind, desk.language()),
      })),
      { label: words.say("footnote"), act: () => insertFootnote(desk.view) },
      { label: words.say("document"), act: () => desk.chooseDocument() },
    ]);
    const group = (name, ...parts) => h("div", { role: "group", "aria-label": words.say(name) }, ...parts);
    this.dom = h("div", { role: "toolbar", class: "tools", "aria-label": words.say("toolbar"), "aria-controls": desk.id },
      group("group_text", this.style.element, mark("strong", words.say("sign_strong"), "Ctrl+B"),
        mark("em", words.say("sign_em"), "Ctrl+I"), button("link", () => desk.editLink(), {
          sign: "↗", keys: "Ctrl+K", isPressed: (state) => isMarked(state, "link"),
        })),
      group("group_blocks",
        button("bullets", run(asList(nodes.bullet_list)), { sign: "•", isPressed: (state) => around(state, nodes.bullet_list, nodes.ordered_list)?.node.type === nodes.bullet_list }),
        button("numbers", run(asList(nodes.ordered_list)), { sign: "1.", isPressed: (state) => around(state, nodes.bullet_list, nodes.ordered_list)?.node.type === nodes.ordered_list }),
        button("quotation", () => run(asQuotation(desk.language()))(), { sign: "“", isPressed: (state) => Boolean(around(state, nodes.quote, nodes.blockquote)) })),
      group("group_insert", button("picture", () => desk.choosePicture(), { sign: "▣" }),
        button("personal", () => desk.insertPersonal(), { sign: "@" }), this.insert.element),
      group("group_more",
        button("undo", run(undo), { sign: "↶", keys: "Ctrl+Z", isDisabled: (state) => !undoDepth(state) }),
        button("redo", run(redo), { sign: "↷", keys: "Ctrl+Y", isDisabled: (state) => !redoDepth(state) }),
        button("typography", () => desk.setTypography(), { sign: "« »" }),
        button("source", () => desk.showSource(), { sign: "</>" })));
    this.buttons = [...this.dom.querySelectorAll("button:not([role^=menuitem])")];
    this.buttons.forEach((it, at) => { it.tabIndex = at ? -1 : 0; });
    this.dom.addEventListener("keydown", (event) => this.move(event));
    this.dom.addEventListener("focusin", (event) => {
      if (!this.buttons.includes(event.target)) return;
      for (const it of this.buttons) it.tabIndex = it === event.target ? 0 : -1;
    });
    // The selection of the text stays while a button is pressed.
    this.dom.addEventListener("mousedown", (event) => {
      if (event.target.closest("button")) event.preventDefault();
    });
  }

  move(event) {
    const here = this.buttons.indexOf(document.activeElement);
    if (here < 0) return;
    if (event.key === "Escape") {
      event.preventDefault();
      this.desk.view.focus();
      return;
    }
    const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: this.buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = this.buttons[(to + this.buttons.length) % this.buttons.length];
    next.focus();
  }

  focus() {
    (this.buttons.find((it) => it.tabIndex === 0) ?? this.buttons[0]).focus();
  }

  update(state) {
    for (const [it, isPressed] of this.pressed) {
      const now = String(isPressed(state));
      if (it.getAttribute("aria-pressed") !== now) it.setAttribute("aria-pressed", now);
    }
    for (const [it, isDisabled] of this.disabled) {
      const now = isDisabled(state) ? "true" : "false";
      if (it.getAttribute("aria-disabled") !== now) it.setAttribute("aria-disabled", now);
    }
    const level = this.levelOf(state);
    const said = this.desk.words.say(`style_${level ?? "other"}`);
    if (this.style.said.textContent !== said) {
      this.style.said.textContent = said;
      this.style.button.setAttribute("aria-label", `${this.desk.words.say("style")}: ${said}`);
    }
  }
}
