// Word's keys, and what ProseMirror's own do not do.

import { baseKeymap, chainCommands, exitCode } from "prosemirror-commands";
import { redo, undo } from "prosemirror-history";
import { undoInputRule } from "prosemirror-inputrules";
import { keymap } from "prosemirror-keymap";
import { liftListItem, sinkListItem, splitListItem } from "prosemirror-schema-list";
import { NodeSelection } from "prosemirror-state";
import { enterFields } from "./fields.js";
import { asHeading, asList, asParagraph, toggle } from "./commands.js";
import { editExpression } from "./chips.js";
import { openImage } from "./images.js";
import { moveBlock, topBlock } from "./moving.js";
import { SCHEMA } from "./schema.js";
import { nextCell } from "./tables.js";

const { nodes } = SCHEMA;

const hardBreak = (state, dispatch) => {
  if (!state.selection.$from.parent.inlineContent || state.selection.$from.parent.type.spec.code) return false;
  dispatch?.(state.tr.replaceSelectionWith(nodes.hard_break.create()).scrollIntoView());
  return true;
};

const move = (by) => (state, dispatch, view) => {
  if (!dispatch || !view) return true;
  return moveBlock(view, topBlock(state).pos, by);
};

/** From the text of a quotation to who said it, and of a box to its title. */
const toField = (kind) => (state, dispatch, view) => {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    if ($from.node(depth).type.name !== kind) continue;
    if (dispatch) view?.nodeDOM($from.before(depth))?.querySelector(".block-line")?.focus();
    return true;
  }
  return false;
};

const openChip = (desk) => (state, dispatch, view) => {
  const { selection } = state;
  if (!(selection instanceof NodeSelection) || selection.node.type !== nodes.expression) return false;
  editExpression(view, desk, selection.from, selection.node);
  return true;
};

export const keys = (desk) => [
  keymap({
    "Mod-b": toggle("strong"), "Mod-i": toggle("em"), "Mod-u": toggle("underline"),
    "Mod-g": toggle("strong"),
    "Mod-k": () => { desk.editLink(); return true; },
    "Mod-z": chainCommands(undoInputRule, undo), "Mod-y": redo, "Mod-Shift-z": redo,
    "Mod-Shift-l": asList(nodes.bullet_list), "Mod-Shift-7": asList(nodes.ordered_list), "Mod-Shift-8": asList(nodes.bullet_list),
    "Mod-Shift-n": asParagraph,
    "Mod-Alt-0": asParagraph, "Mod-Alt-1": asHeading(1), "Mod-Alt-2": asHeading(2), "Mod-Alt-3": asHeading(3),
    "Alt-Shift-ArrowUp": move(-1), "Alt-Shift-ArrowDown": move(1),
    "Enter": chainCommands(openChip(desk), openImage(desk), enterFields, splitListItem(nodes.list_item)),
    "F2": chainCommands(openChip(desk), openImage(desk), enterFields),
    "Shift-Enter": chainCommands(exitCode, hardBreak), "Mod-Enter": chainCommands(exitCode, hardBreak),
    "Tab": chainCommands(nextCell(1), sinkListItem(nodes.list_item), toField("quote")),
    "Shift-Tab": chainCommands(nextCell(-1), liftListItem(nodes.list_item), toField("box")),
    "Backspace": chainCommands(undoInputRule, emptyHeading),
  }),
  keymap(baseKeymap),
];

// Backspace in an empty heading makes it a paragraph, as in Word.
const emptyHeading = (state, dispatch) => {
  const { $cursor } = state.selection;
  if (!$cursor || $cursor.parent.type !== nodes.heading || $cursor.parent.content.size) return false;
  return asParagraph(state, dispatch);
};

/** Alt+Shift+1…3, as in Word: by the key's place, since layouts write other signs with it. */
export const wordsKeys = (view, event) => {
  if (!event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey) return false;
  const digit = /^(?:Digit|Numpad)([0-3])$/.exec(event.code)?.[1];
  if (digit === undefined) return false;
  const command = digit === "0" ? asParagraph : asHeading(Number(digit));
  return command(view.state, view.dispatch);
};
