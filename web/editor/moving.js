// Moves and deletes whole blocks, among those that stand beside them.

import { NodeSelection, Selection, TextSelection } from "prosemirror-state";

/** Move the block at a position by one place; false if there is none to change with. */
export const moveBlock = (view, pos, by) => {
  const { doc } = view.state;
  const place = doc.resolve(pos);
  const at = place.index();
  const { parent } = place;
  const to = at + by;
  if (to < 0 || to >= parent.childCount) return false;
  const node = parent.child(at);
  const other = parent.child(to);
  const start = by < 0 ? pos - other.nodeSize : pos;
  // Both nodes are put back as they are, so each keeps its source.
  const both = by < 0 ? [node, other] : [other, node];
  const transaction = view.state.tr.replaceWith(start, start + node.nodeSize + other.nodeSize, both);
  const now = by < 0 ? start : start + other.nodeSize;
  const isWhole = NodeSelection.isSelectable(node) && node.isAtom;
  transaction.setSelection(isWhole
    ? NodeSelection.create(transaction.doc, now)
    : Selection.near(transaction.doc.resolve(now + 1)));
  view.dispatch(transaction.scrollIntoView());
  return true;
};

/** Delete the block at a position; what cannot be empty keeps a paragraph. */
export const deleteBlock = (view, pos) => {
  const { state } = view;
  const place = state.doc.resolve(pos);
  const node = place.nodeAfter;
  if (!node) return;
  const transaction = place.parent.childCount === 1
    ? state.tr.replaceWith(pos, pos + node.nodeSize, state.schema.nodes.paragraph.create())
    : state.tr.delete(pos, pos + node.nodeSize);
  const near = transaction.doc.resolve(Math.min(pos, transaction.doc.content.size));
  view.dispatch(transaction.setSelection(Selection.near(near)).scrollIntoView());
  view.focus();
};

/** The top block in which the selection stands: {node, pos, at}. */
export const topBlock = (state) => {
  const { $from } = state.selection;
  const at = $from.index(0);
  let pos = 0;
  for (let i = 0; i < at; i += 1) pos += state.doc.child(i).nodeSize;
  return { node: state.doc.maybeChild(at), pos, at };
};

/** Where a new block belongs: behind the textblock with the cursor, or in place of an empty one. */
export const insertBlock = (view, node) => {
  const { state } = view;
  const { $from } = state.selection;
  let transaction = state.tr;
  let pos;
  const parent = $from.parent;
  const isEmpty = parent.type === state.schema.nodes.paragraph && !parent.content.size;
  const depth = placeFor($from, node);
  if (isEmpty && $from.depth > 0 && depth === $from.depth) {
    pos = $from.before();
    transaction = transaction.replaceWith(pos, $from.after(), node);
  } else {
    pos = depth === 0 ? (state.selection.to ?? 0) : $from.after(depth);
    transaction = transaction.insert(pos, node);
  }
  const behind = pos + node.nodeSize;
  // An empty paragraph to go on in, which is not written into the text.
  if (transaction.doc.resolve(behind).nodeAfter?.type !== state.schema.nodes.paragraph) {
    transaction.insert(behind, state.schema.nodes.paragraph.create());
  }
  const selected = node.isAtom
    ? NodeSelection.create(transaction.doc, pos)
    : TextSelection.near(transaction.doc.resolve(pos + 1));
  view.dispatch(transaction.setSelection(selected).scrollIntoView());
  view.focus();
  return pos;
};

const SMALL = new Set(["fields", "quote"]);
const WITHIN = { box: SMALL, column: new Set([...SMALL, "box", "lead"]), quote: new Set(), lead: new Set() };
const PLAIN = new Set(["paragraph", "heading", "bullet_list", "ordered_list", "horizontal_rule", "table", "code_block"]);

/** The depth behind whose node a block may stand: blocks of ours stand in few others. */
const placeFor = ($from, node) => {
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    const around = depth === 1 ? null : $from.node(depth - 1).type.name;
    if (around === null) return depth;
    if (PLAIN.has(node.type.name) && (WITHIN[around] || around === "blockquote")) return depth;
    if (WITHIN[around]?.has(node.type.name)) return depth;
  }
  return 0;
};
