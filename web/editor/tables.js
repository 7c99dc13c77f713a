// Rows and columns of tables. Markdown's tables have one heading row, and as many cells in each.

import { Selection, TextSelection } from "prosemirror-state";

const cellAt = (state, pos) => {
  const table = state.doc.nodeAt(pos);
  const { $from } = state.selection;
  let row = table.childCount - 1;
  let column = table.firstChild.childCount - 1;
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    if ($from.node(depth).type.name === "table" && $from.before(depth) === pos) {
      row = $from.index(depth);
      column = $from.index(depth + 1);
    }
  }
  return { table, row, column };
};

const rowsOf = (table) => {
  const rows = [];
  table.forEach((it) => {
    const cells = [];
    it.forEach((cell) => cells.push(cell));
    rows.push(cells);
  });
  return rows;
};

const emptyCell = (table, row, align = "") => (
  table.type.schema.nodes.table_cell.create({ header: row === 0, align })
);

const put = (view, pos, table, rows, align, row, column) => {
  const { table_row: rowType } = view.state.schema.nodes;
  const made = table.type.create({ align }, rows.map((cells) => rowType.create(null, cells)));
  const transaction = view.state.tr.replaceWith(pos, pos + table.nodeSize, made);
  let inside = pos + 1;
  for (let at = 0; at < row; at += 1) inside += made.child(at).nodeSize;
  inside += 1;
  for (let at = 0; at < column; at += 1) inside += made.child(row).child(at).nodeSize;
  transaction.setSelection(TextSelection.near(transaction.doc.resolve(inside + 1)));
  view.dispatch(transaction.scrollIntoView());
};

export const addRow = (view, pos, to = null) => {
  const { table, row, column } = cellAt(view.state, pos);
  const rows = rowsOf(table);
  rows.splice(row + 1, 0, rows[0].map((_, at) => emptyCell(table, 1, table.attrs.align[at])));
  put(view, pos, table, rows, table.attrs.align, row + 1, to ?? column);
};

export const addColumn = (view, pos) => {
  const { table, row, column } = cellAt(view.state, pos);
  const rows = rowsOf(table).map((cells, at) => [
    ...cells.slice(0, column + 1), emptyCell(table, at), ...cells.slice(column + 1),
  ]);
  const align = [...table.attrs.align.slice(0, column + 1), "", ...table.attrs.align.slice(column + 1)];
  put(view, pos, table, rows, align, row, column + 1);
};

export const deleteRow = (view, pos) => {
  const { table, row, column } = cellAt(view.state, pos);
  if (table.childCount < 2) return;
  const rows = rowsOf(table);
  rows.splice(row, 1);
  // The heading row is whichever is first.
  rows[0] = rows[0].map((cell) => cell.type.create({ ...cell.attrs, header: true }, cell.content));
  put(view, pos, table, rows, table.attrs.align, Math.min(row, rows.length - 1), column);
};

export const deleteColumn = (view, pos) => {
  const { table, row, column } = cellAt(view.state, pos);
  if (table.firstChild.childCount < 2) return;
  const without = (all) => all.filter((_, at) => at !== column);
  const rows = rowsOf(table).map(without);
  put(view, pos, table, rows, without(table.attrs.align), row, Math.max(0, column - 1));
};

/** A table of two columns with a heading row. */
export const newTable = (schema, columns = 2, rows = 2) => {
  const { table, table_row: row, table_cell: cell } = schema.nodes;
  const cells = (header) => Array.from({ length: columns }, () => cell.create({ header }));
  return table.create({ align: Array.from({ length: columns }, () => "") },
    Array.from({ length: rows }, (_, at) => row.create(null, cells(at === 0))));
};

/** Tab: the next cell, as in Word; behind the last one a new row. */
export const nextCell = (by) => (state, dispatch, view) => {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    if ($from.node(depth).type.name !== "table") continue;
    if (!dispatch) return true;
    const table = $from.node(depth);
    const start = $from.before(depth);
    const row = $from.index(depth);
    const column = $from.index(depth + 1);
    const width = table.firstChild.childCount;
    const to = row * width + column + by;
    if (to < 0) return true;
    if (to >= width * table.childCount) {
      if (view) addRow(view, start, 0);
      return true;
    }
    let inside = start + 1;
    const toRow = Math.floor(to / width);
    for (let at = 0; at < toRow; at += 1) inside += table.child(at).nodeSize;
    inside += 1;
    for (let at = 0; at < to % width; at += 1) inside += table.child(toRow).child(at).nodeSize;
    dispatch(state.tr.setSelection(Selection.near(state.doc.resolve(inside + 1))).scrollIntoView());
    return true;
  }
  return false;
};
