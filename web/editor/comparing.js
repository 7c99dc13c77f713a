// Compares two texts block by block, for somebody to choose where they differ.

/**
 * The parts of two lists of sources: {same: [sources]} or {mine: [sources], theirs: [sources]}.
 * `base`, the list both began with, tells which side changed a part: `changed` is "mine", "theirs"
 * or "both".
 */
export const parts = (mine, theirs, base = null) => {
  const found = [];
  let one = 0;
  let other = 0;
  const push = (a, b) => {
    // As many blocks on both sides: each is another form of the one beside it.
    if (a.length === b.length) a.forEach((it, at) => found.push(differing([it], [b[at]], base)));
    else found.push(differing(a, b, base));
  };
  for (const [i, j, length] of common(mine, theirs)) {
    push(mine.slice(one, i), theirs.slice(other, j));
    if (length) found.push({ same: mine.slice(i, i + length) });
    [one, other] = [i + length, j + length];
  }
  return found;
};

/**
 * The words of two texts, for both to be shown beside each other: [mine, theirs], each a list of
 * {text, differs}. Of long texts no word is marked.
 */
export const byWords = (mine, theirs) => {
  const [one, other] = [mine, theirs].map((it) => it.match(/\s+|[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}]/gu) ?? []);
  if (one.length * other.length > MOST_PAIRS) return [[{ text: mine, differs: false }], [{ text: theirs, differs: false }]];
  const sides = [[], []];
  const push = (side, text, differs) => { if (text) sides[side].push({ text, differs }); };
  for (const part of parts(one, other)) {
    if (part.same) for (const side of [0, 1]) push(side, part.same.join(""), false);
    else {
      push(0, part.mine.join(""), true);
      push(1, part.theirs.join(""), true);
    }
  }
  return sides;
};

const MOST_PAIRS = 4_000_000;

const differing = (mine, theirs, base) => ({ mine, theirs, changed: changedBy(mine, theirs, base) });

const changedBy = (mine, theirs, base) => {
  if (!base) return "both";
  const all = base.join("");
  const isIn = (part) => part.length > 0 && all.includes(part.join(""));
  if (isIn(theirs) && !isIn(mine)) return "mine";
  if (isIn(mine) && !isIn(theirs)) return "theirs";
  return "both";
};

/** Runs that both lists have, in order: [start, start, length], the last one empty at both ends. */
const common = (a, b) => {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const inner = longest(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const runs = start ? [[0, 0, start]] : [];
  for (const [i, j] of inner) {
    const last = runs.at(-1);
    const [x, y] = [i + start, j + start];
    if (last && last[0] + last[2] === x && last[1] + last[2] === y) last[2] += 1;
    else runs.push([x, y, 1]);
  }
  runs.push([a.length - end, b.length - end, end]);
  return runs;
};

/** The longest common subsequence, as pairs of places; of long lists, what each has only once. */
const longest = (a, b) => {
  if (a.length * b.length > MOST_PAIRS) return [];
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
    }
  }
  const pairs = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (table[i + 1][j] >= table[i][j + 1]) i += 1;
    else j += 1;
  }
  return pairs;
};

/** A text of the parts, by what was chosen for each that differs: "mine", "theirs" or "both". */
export const chosen = (all, choices) => {
  let at = 0;
  const pieces = [];
  for (const part of all) {
    if (part.same) pieces.push(...part.same);
    else {
      const choice = choices[at++];
      if (choice !== "theirs") pieces.push(...part.mine);
      if (choice !== "mine") pieces.push(...part.theirs);
    }
  }
  const together = new Set([...neighbours(all, "mine"), ...neighbours(all, "theirs")]);
  return pieces.map((it, i) => (i === pieces.length - 1 || together.has(pair(it, pieces[i + 1])) ? it : apart(it))).join("");
};

const pair = (one, other) => JSON.stringify([one, other]);

/** Blocks that stand behind each other in one of both texts, and so may do so without a gap. */
const neighbours = (all, side) => {
  const list = all.flatMap((part) => part.same ?? part[side]);
  return list.slice(1).map((it, at) => pair(list[at], it));
};

/** A text with an empty line behind it. */
export const apart = (text) => {
  if (!text || /(?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n)$/.test(text)) return text;
  return /[\r\n]$/.test(text) ? `${text}\n` : `${text}\n\n`;
};
