// French typography: « », ’ and narrow spaces before ; : ! ?, by a button and while typing. Each
// change is a step of its own for undoing.

import { closeHistory } from "prosemirror-history";

export const NARROW = "\u202f";
const LETTER = /[\p{L}\p{N})\]»”’%€]/u;
const QUOTES_OPEN_BEHIND = /(^|[\s\u00a0\u202f([{«“\u2014\u2013-])$/u;

/**
 * What typing a sign changes: {back, text} to put over the last `back` characters before the
 * cursor, the typed ones included; null for nothing. `before` ends with what was typed.
 */
export const typed = (before) => {
  const sign = before.at(-1);
  const earlier = before.slice(0, -1);
  const last = earlier.at(-1) ?? "";
  if (sign === "'" && /\p{L}$/u.test(earlier)) return { back: 1, text: "’" };
  if (sign === '"') {
    if (QUOTES_OPEN_BEHIND.test(earlier)) return { back: 1, text: `«${NARROW}` };
    return { back: 1, text: `${NARROW}»` };
  }
  if (sign === " " && last === "«") return { back: 1, text: NARROW };
  if (sign === "»" && last !== NARROW) return { back: last === " " ? 2 : 1, text: `${NARROW}»` };
  if (";:!?".includes(sign) && last === " " && earlier.trim()) return { back: 2, text: NARROW + sign };
  // An address or an hour may yet follow a colon: the space behind it says that none does.
  if (sign === " " && /\p{L}:$/u.test(earlier) && !isAddress(earlier)) {
    return { back: 2, text: `${NARROW}: ` };
  }
  if (";!?".includes(sign) && LETTER.test(last) && !isAddress(before)) return { back: 1, text: NARROW + sign };
  return null;
};

const isAddress = (text) => /(?:https?:|www\.|@|\/|&\w*;?)\S*$/u.test(/\S*$/u.exec(text)[0]);

/** A whole text in French typography; quotes without their other half stay. */
export const french = (text) => {
  let result = text.replace(/(?<=\p{L})'(?=[\p{L}«"])/gu, "’");
  result = result.replace(/"([^"\n]+)"/g, (_, inside) => `«${NARROW}${inside.trim()}${NARROW}»`);
  result = result.replace(/«[ \u00a0]?(?!\u202f)(?=\S)/g, `«${NARROW}`).replace(/(?<=\S)(?<!\u202f)[ \u00a0]?»/g, `${NARROW}»`);
  result = result.replace(/[ \u00a0]([;:!?])(?=[\s.,)\]…»]|$)/gu, `${NARROW}$1`);
  result = result.replace(/(?<=[\p{L}\p{N})\]»”’])(?<!\S*(?:\/|@|www\.)\S*)([;!?]+)(?=[\s)\]…»]|$)/gu, `${NARROW}$1`);
  result = result.replace(/(?<=[\p{L})\]»])(?<!\S*(?:\/|@|www\.)\S*):(?=\s|$)/gu, `${NARROW}:`);
  result = result.replace(/[ \u00a0](?=[%€](?:\W|$))|(?<=\d)[ \u00a0](?=\d{3}(?!\d))/g, NARROW);
  return result;
};

/** The smallest changes from one text to another of the same words: [from, to, text]. */
export const changesOf = (before, after) => {
  const changes = [];
  let one = 0;
  let other = 0;
  while (one < before.length || other < after.length) {
    if (before[one] === after[other]) {
      one += 1;
      other += 1;
      continue;
    }
    // Every rule changes a sign, puts a space before one, or leaves a space out.
    const [start, begin] = [one, other];
    const meet = nextMeeting(before, after, one, other);
    [one, other] = meet;
    changes.push([start, one, after.slice(begin, other)]);
  }
  return changes;
};

const nextMeeting = (before, after, one, other) => {
  for (let far = 1; far < 8; far += 1) {
    for (let a = 0; a <= far; a += 1) {
      const b = far - a;
      const [x, y] = [one + a, other + b];
      const ends = x >= before.length && y >= after.length;
      if (ends || (before[x] !== undefined && before[x] === after[y]
        && (before[x + 1] === after[y + 1] || far === 1))) return [x, y];
    }
  }
  return [before.length, after.length];
};

/** Set a whole document, or the selection, in French typography: one step for undoing. */
export const setFrench = (state) => {
  const { from, to, empty } = state.selection;
  const transaction = state.tr;
  let count = 0;
  state.doc.descendants((node, pos) => {
    if (!node.isTextblock) return true;
    if (node.type.spec.code) return false;
    if (!empty && (pos + node.nodeSize <= from || pos >= to)) return false;
    // One sign for what is no text, so that positions in the string are those of the node.
    let text = "";
    node.forEach((child) => {
      const isCode = child.marks.some((it) => it.type.spec.code);
      text += child.isText && !isCode ? child.text : "\ufffc".repeat(child.nodeSize);
    });
    for (const [start, end, put] of changesOf(text, french(text)).reverse()) {
      const at = transaction.mapping.map(pos + 1 + start, 1);
      const behind = transaction.mapping.map(pos + 1 + end, -1);
      const marks = state.doc.resolve(pos + 1 + Math.min(start + 1, text.length)).marks();
      if (put) transaction.replaceWith(at, Math.max(at, behind), state.schema.text(put, marks));
      else transaction.delete(at, behind);
      count += 1;
    }
    return false;
  });
  return count ? { transaction: closeHistory(transaction), count } : null;
};

/** Typing: the sign first, then what it changes, as a step of its own. */
export const typeFrench = (view, from, to, text) => {
  if (text.length !== 1 || from !== to) return false;
  const { $from } = view.state.selection;
  if ($from.parent.type.spec.code || view.composing) return false;
  const stored = view.state.storedMarks ?? $from.marks();
  if (stored.some((it) => it.type.spec.code)) return false;
  const before = $from.parent.textBetween(Math.max(0, $from.parentOffset - 80), $from.parentOffset, undefined, "\ufffc") + text;
  const change = typed(before);
  if (!change) return false;
  view.dispatch(view.state.tr.insertText(text).scrollIntoView());
  const end = view.state.selection.from;
  view.dispatch(closeHistory(view.state.tr.insertText(change.text, end - change.back, end)).scrollIntoView());
  // What is typed next is no part of the change.
  view.dispatch(closeHistory(view.state.tr));
  return true;
};
