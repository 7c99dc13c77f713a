// A cell of a table holds lines and no blocks: text that is put into one becomes lines with breaks
// between them; what is more than text stands behind the table, which stays whole.

import { Fragment } from "prosemirror-model";
import { SCHEMA } from "./schema.js";

const { nodes: types } = SCHEMA;

/** The place behind the table around a position; null if there is none around it. */
export const behindTable = (place) => {
  for (let { depth } = place; depth > 0; depth -= 1) {
    if (place.node(depth).type === types.table) return place.after(depth);
  }
  return null;
};

const signOf = (list, at) => (list.type === types.ordered_list ? `${(list.attrs.order ?? 1) + at}. ` : "• ");

/** Blocks as the content of a cell, each item of a list with its sign; null if one is no text. */
export const asLines = (content) => {
  const lines = [];
  const isText = (node, sign) => {
    if (node.isTextblock && !node.type.spec.code) {
      lines.push(sign ? node.content.addToStart(SCHEMA.text(sign)) : node.content);
      return true;
    }
    if (node.isTextblock || node.isLeaf || node.type === types.table) return false;
    let isGood = true;
    const isList = node.type === types.ordered_list || node.type === types.bullet_list;
    node.forEach((child, _, at) => {
      isGood &&= isText(child, isList ? signOf(node, at) : at === 0 ? sign : "");
    });
    return isGood;
  };
  for (const node of content.content) if (!isText(node, "")) return null;
  const full = lines.filter((it) => it.size);
  return full.slice(1).reduce((all, it) => all.addToEnd(types.hard_break.create()).append(it), full[0] ?? Fragment.empty);
};

/** Whether a slice is a part of one line, such as a word that was copied. */
export const isInLine = (slice) => {
  let { content, openStart, openEnd } = slice;
  while (content.childCount === 1 && openStart > 0 && openEnd > 0 && !content.firstChild.inlineContent) {
    content = content.firstChild.content;
    openStart -= 1;
    openEnd -= 1;
  }
  const { firstChild } = content;
  return !firstChild || firstChild.isInline || (content.childCount === 1 && firstChild.inlineContent);
};
