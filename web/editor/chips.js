// Personal words, such as {{ subscriber.first_name or "camarade" }}, as chips with words; and other
// signs of Markdown that the editor shows small.

import { h, ask } from "./dom.js";
import { AT_END, WHOLE, expression, simple } from "./expressions.js";

/** What a word of each person is called. */
export const labelOf = (fields, of, name) => fields.find((it) => it.of === of && it.name === name)?.label
  ?? name.replaceAll("_", " ");

/** What a chip says: “prénom, sinon « camarade »”. */
export const chipWords = (source, words, fields) => {
  const found = simple(source);
  if (!found) return source.slice(2, -2).trim();
  const label = labelOf(fields(), found.of, found.name);
  return found.instead === null
    ? words.say("chip_bare", { label })
    : words.say("chip_or", { label, instead: found.instead });
};

export class ExpressionView {
  constructor(node, view, getPos, desk) {
    Object.assign(this, { node, view, getPos, desk });
    this.dom = h("span", { class: "chip", title: node.attrs.source });
    this.dom.addEventListener("dblclick", () => this.change());
    desk.chips.add(this);
    this.draw();
  }

  destroy() {
    this.desk.chips.delete(this);
  }

  draw() {
    const said = chipWords(this.node.attrs.source, this.desk.words, this.desk.fields);
    this.dom.textContent = said;
  }

  change() {
    editExpression(this.view, this.desk, this.getPos(), this.node);
  }
}

/** Signs such as <br>, [^1] and {.button}: small, and as a whole. */
export class SignView {
  constructor(node, view, getPos, desk) {
    const { source } = node.attrs;
    const note = /^\[\^(.+)\]$/.exec(source);
    const isButton = /^\{\s*\.(button)\s*\}$/.test(source);
    const text = note ? note[1] : isButton ? desk.words.say("as_button") : source;
    this.dom = h(note ? "sup" : "span", { class: note ? "note-mark" : "sign", title: source }, text);
  }
}

const dialog = (desk, found, canRemove) => {
  const { words } = desk;
  const select = h("select", { name: "name" }, desk.fields().map((it) => h("option", {
    value: `${it.of}.${it.name}`, selected: found && it.of === found.of && it.name === found.name,
  }, it.label)));
  const instead = h("input", { type: "text", name: "instead", autocomplete: "off" });
  instead.value = found?.instead ?? "";
  const title = h("h2", { id: "personal-title" }, words.say("personal_title"));
  const form = h("form", { method: "dialog" },
    title,
    h("div", { class: "field" }, h("label", { for: "personal-name" }, words.say("personal_name")), select),
    h("div", { class: "field" }, h("label", { for: "personal-instead" }, words.say("personal_instead")),
      h("p", { class: "hint", id: "personal-hint" }, words.say("personal_hint")), instead),
    h("div", { class: "row" },
      h("button", { class: "button small", value: "take" }, words.say("take_over")),
      canRemove ? h("button", { class: "button small quiet", value: "remove" }, words.say("remove")) : null,
      h("button", { class: "button small quiet", value: "", formnovalidate: true }, words.say("cancel"))));
  select.id = "personal-name";
  instead.id = "personal-instead";
  instead.setAttribute("aria-describedby", "personal-hint");
  return [h("dialog", { class: "asking", "aria-labelledby": "personal-title" }, form), select, instead];
};

const asked = async (desk, found, canRemove) => {
  const [it, select, instead] = dialog(desk, found, canRemove);
  const said = await ask(it);
  if (said !== "take") return said;
  const [of, name] = select.value.split(".");
  return { source: expression(of, name, instead.value.trim()) };
};

/** Choose a personal word, and put it where the cursor is. */
export const insertExpression = async (view, desk) => {
  const said = await asked(desk, { of: "subscriber", name: "first_name", instead: "" }, false);
  if (said?.source) {
    const node = view.state.schema.nodes.expression.create({ source: said.source });
    view.dispatch(view.state.tr.replaceSelectionWith(node, true).scrollIntoView());
  }
  view.focus();
};

/** Where, within a block that begins at `pos`, a word of the reader's stands bare; -1 if nowhere. */
export const bareChip = (block, pos, name) => {
  let at = -1;
  block.descendants((node, offset) => {
    const found = at < 0 && node.type.name === "expression" && simple(node.attrs.source);
    if (found && found.of === "subscriber" && found.name === name && found.instead === null) at = pos + 1 + offset;
    return at < 0;
  });
  return at;
};

/** Change a personal word, or take it out. */
export const editExpression = async (view, desk, pos, node) => {
  const found = simple(node.attrs.source);
  // What is more than a name and its substitute is changed in the source.
  if (!found) return;
  const said = await asked(desk, found, true);
  if (said === "remove") view.dispatch(view.state.tr.delete(pos, pos + node.nodeSize));
  else if (said?.source) view.dispatch(view.state.tr.setNodeMarkup(pos, null, { source: said.source }));
  view.focus();
};

/** An expression that was typed becomes a chip with its last brace. */
export const typedExpression = (view, from, to, text) => {
  if (text !== "}") return false;
  const { $from } = view.state.selection;
  if ($from.parent.type.spec.code) return false;
  const before = $from.parent.textBetween(0, $from.parentOffset, undefined, "\ufffc") + text;
  const found = AT_END.exec(before);
  if (!found || !WHOLE.test(found[0])) return false;
  const node = view.state.schema.nodes.expression.create({ source: found[0] });
  view.dispatch(view.state.tr.replaceWith(from - found[0].length + 1, to, node));
  return true;
};
