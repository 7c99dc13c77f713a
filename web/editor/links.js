// Asks for the address of a link, and for its words where none are marked.

import { h, ask } from "./dom.js";
import { isMarked } from "./commands.js";
import { SCHEMA } from "./schema.js";

const { link } = SCHEMA.marks;

/** An address as it was meant: with its scheme. */
export const addressOf = (text) => {
  const clean = text.trim();
  if (!clean) return "";
  if (/^(?:https?|mailto|tel):/i.test(clean)) return clean;
  if (/^[^\s/@]+@[^\s/@]+\.[^\s/@]+$/.test(clean)) return `mailto:${clean}`;
  if (/^\+?[\d .()-]{6,}$/.test(clean)) return `tel:${clean.replace(/[ .()-]/g, "")}`;
  return `https://${clean.replace(/^\/+/, "")}`;
};

/** The whole link in which the cursor stands: {from, to, href}. */
const linkAround = (state) => {
  const { $from, from, to, empty } = state.selection;
  if (!empty) {
    let href = null;
    state.doc.nodesBetween(from, to, (node) => { href ??= link.isInSet(node.marks)?.attrs.href ?? null; });
    return { from, to, href };
  }
  const mark = link.isInSet($from.marks());
  if (!mark) return { from, to, href: null };
  let [start, end] = [from, to];
  let offset = $from.start();
  $from.parent.forEach((node) => {
    const behind = offset + node.nodeSize;
    if (mark.isInSet(node.marks) && offset <= from && behind >= from) [start, end] = [offset, behind];
    offset = behind;
  });
  return { from: start, to: end, href: mark.attrs.href };
};

export const editLink = async (view, words) => {
  const { state } = view;
  if (state.selection.$from.parent.type.spec.code) return;
  const found = linkAround(state);
  const asksWords = found.from === found.to;
  const address = h("input", { type: "text", id: "link-address", inputmode: "url", autocomplete: "off" });
  address.value = found.href ?? "";
  const text = h("input", { type: "text", id: "link-words", autocomplete: "off" });
  const form = h("form", { method: "dialog" },
    h("h2", { id: "link-title" }, words.say("link")),
    asksWords ? h("div", { class: "field" }, h("label", { for: "link-words" }, words.say("field_words")), text) : null,
    h("div", { class: "field" }, h("label", { for: "link-address" }, words.say("field_address")), address),
    h("div", { class: "row" },
      h("button", { class: "button small", value: "take" }, words.say("take_over")),
      isMarked(state, "link") ? h("button", { class: "button small quiet", value: "remove" }, words.say("remove_link")) : null,
      h("button", { class: "button small quiet", value: "" }, words.say("cancel"))));
  const said = await ask(h("dialog", { class: "asking", "aria-labelledby": "link-title" }, form));
  const href = addressOf(address.value);
  const transaction = view.state.tr;
  if (said === "remove") transaction.removeMark(found.from, found.to, link);
  else if (said === "take" && href) {
    if (asksWords) {
      const shown = text.value.trim() || href.replace(/^(?:https?:\/\/|mailto:|tel:)/, "");
      transaction.replaceSelectionWith(SCHEMA.text(shown, [link.create({ href })]), false);
    } else {
      transaction.removeMark(found.from, found.to, link);
      transaction.addMark(found.from, found.to, link.create({ href }));
    }
    transaction.removeStoredMark(link);
  }
  if (transaction.docChanged) view.dispatch(transaction.scrollIntoView());
  view.focus();
};
