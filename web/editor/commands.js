// What the toolbar and the keys do.

import { autoJoin, lift, setBlockType, toggleMark, wrapIn } from "prosemirror-commands";
import { wrapInList, liftListItem } from "prosemirror-schema-list";
import { openFields } from "./fields.js";
import { insertBlock } from "./moving.js";
import { nameOf } from "./names.js";
import { SCHEMA } from "./schema.js";
import { newTable } from "./tables.js";

const { nodes, marks } = SCHEMA;

export const toggle = (name) => toggleMark(marks[name]);

export const asParagraph = setBlockType(nodes.paragraph);
export const asHeading = (level) => setBlockType(nodes.heading, { level });

/** The nearest node around the selection of one of these types: {node, depth}. */
export const around = (state, ...types) => {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    if (types.includes($from.node(depth).type)) return { node: $from.node(depth), depth };
  }
  return null;
};

/** A list of this kind, or none if the selection is in one; a list of the other kind changes. */
export const asList = (type) => (state, dispatch) => {
  const found = around(state, nodes.bullet_list, nodes.ordered_list);
  if (!found) return autoJoin(wrapInList(type), [type.name])(state, dispatch);
  if (found.node.type === type) return liftListItem(nodes.list_item)(state, dispatch);
  if (dispatch) {
    const pos = state.selection.$from.before(found.depth);
    dispatch(state.tr.setNodeMarkup(pos, type, { tight: found.node.attrs.tight }));
  }
  return true;
};

/** A quotation, or none if the selection is in one. */
export const asQuotation = (language) => (state, dispatch) => {
  if (around(state, nodes.quote, nodes.blockquote)) return lift(state, dispatch);
  return wrapIn(nodes.quote, { name: nameOf("quote", language), author: "" })(state, dispatch);
};

/** Whether a mark holds where the cursor is, or in the whole selection. */
export const isMarked = (state, name) => {
  const { from, to, empty, $from } = state.selection;
  const type = marks[name];
  if (empty) return Boolean(type.isInSet(state.storedMarks ?? $from.marks()));
  return state.doc.rangeHasMark(from, to, type);
};

const fields = (kind, language, attrs = {}) => nodes.fields.create({
  kind, name: nameOf(kind, language), ...attrs,
});

const paragraph = () => nodes.paragraph.create();

/** What the menu “Insert” makes, by name: a node for a language. */
export const MADE = {
  box: (language) => nodes.box.create({ name: nameOf("box", language) }, paragraph()),
  lead: (language) => nodes.lead.create({ name: nameOf("lead", language) }, paragraph()),
  button: (language) => fields("button", language),
  columns: (language) => nodes.columns.create({ name: nameOf("columns", language) },
    [0, 1].map(() => nodes.column.create({ name: nameOf("column", language) }, paragraph()))),
  votes: (language) => fields("votes", language),
  agenda: (language) => fields("agenda", language, { values: [["", "", ""]] }),
  table: () => newTable(SCHEMA),
  signature: (language) => fields("signature", language),
  contents: (language) => fields("contents", language),
  rule: () => nodes.horizontal_rule.create(),
};

/** Insert a block of the menu; the cursor goes into its first field or text. */
export const insert = (view, kind, language) => {
  const pos = insertBlock(view, MADE[kind](language));
  if (kind === "box") view.nodeDOM(pos)?.querySelector(".block-line")?.focus();
  else if (kind !== "contents") openFields(view, pos);
};

/** Insert a footnote: its mark at the cursor, its text at the end, where the cursor goes. */
export const insertFootnote = (view) => {
  const { state } = view;
  let highest = 0;
  state.doc.descendants((node) => {
    if (node.type === nodes.footnote) highest = Math.max(highest, Number.parseInt(node.attrs.label, 10) || 0);
  });
  const label = String(highest + 1);
  const transaction = state.tr.replaceSelectionWith(nodes.raw_inline.create({ source: `[^${label}]` }), false);
  const end = transaction.doc.content.size;
  transaction.insert(end, nodes.footnote.create({ label }, paragraph()));
  transaction.setSelection(state.selection.constructor.near(transaction.doc.resolve(end + 2)));
  view.dispatch(transaction.scrollIntoView());
  view.focus();
};
