// Opens a letter's blocks as a document, and writes it: each block that nobody touched keeps its
// source, byte for byte. ProseMirror's nodes never change, so a WeakMap knows each one's source.

import { apart } from "./comparing.js";
import { cut } from "./cutting.js";
import { nodesOf, rawOf, referencesOf } from "./reading.js";
import { SCHEMA } from "./schema.js";
import { comesBack, written } from "./writing.js";

const tailOf = (source) => /(?:\s*[\r\n])?\s*$/.exec(source)[0];

const isBlank = (text) => !text.trim();

/** A block's node: drawn if it comes back as it is, else shown as it is written. */
export const drawn = (source, references) => {
  try {
    const nodes = nodesOf(source, references);
    if (nodes.length === 1 && nodes[0].type !== SCHEMA.nodes.raw && comesBack(nodes[0])) return nodes[0];
  } catch {
    // What cannot be read is shown.
  }
  return rawOf(source);
};

const keyOf = (node) => `${node.type.name} ${node.textContent}`;

/** What is known of the sources of a document's blocks. */
export class Sources {
  constructor() {
    this.known = new WeakMap();
    // The empty lines before the first block, and behind each.
    this.heads = new WeakMap();
    // Where a block stood when it was opened: {load, at}; what becomes of it stands there, too.
    this.spots = new WeakMap();
    this.tails = new WeakMap();
    this.opened = new Map();
    this.loads = 0;
  }

  /** The nodes of blocks as the server cuts them; each remembers its source. */
  open(blocks) {
    const load = ++this.loads;
    const references = referencesOf(blocks.map((it) => it.source).join(""));
    const nodes = [];
    let before = "";
    for (const { source } of blocks) {
      if (isBlank(source)) {
        before += source;
        continue;
      }
      const node = drawn(source, references);
      this.#know(node, { source: before + source, load, at: nodes.length });
      this.heads.set(node, before);
      before = "";
      nodes.push(node);
    }
    if (before && nodes.length) this.known.get(nodes.at(-1)).source += before;
    if (!nodes.length) {
      const empty = SCHEMA.nodes.paragraph.create();
      this.#know(empty, { source: before, load, at: 0 });
      nodes.push(empty);
    }
    return nodes;
  }

  #know(node, origin) {
    this.known.set(node, origin);
    this.tails.set(node, tailOf(origin.source));
    this.spots.set(node, origin);
    const key = keyOf(node);
    const same = this.opened.get(key) ?? [];
    // The same words may have stood in several ways.
    if (same.length < 20) this.opened.set(key, [...same, { node, origin }]);
  }

  /** Where a node's source comes from; also of one that was undone to what it had been. */
  #origin(node) {
    const known = this.known.get(node);
    if (known) return known;
    const found = this.opened.get(keyOf(node))?.find((it) => it.node.eq(node));
    if (found) this.known.set(node, found.origin);
    return found?.origin;
  }

  /** After a change: edited blocks keep the empty lines behind them. */
  follow(before, after) {
    if (before === after || before.childCount !== after.childCount) return;
    after.forEach((node, _, at) => {
      const old = before.child(at);
      if (old !== node && !this.tails.has(node) && this.tails.has(old)) {
        this.tails.set(node, this.tails.get(old));
        this.heads.set(node, this.heads.get(old) ?? "");
        this.spots.set(node, this.spots.get(old));
      }
    });
  }

  /** A document as Markdown, and the line and offset at which each of its blocks begins. */
  write(doc) {
    let text = "";
    const begins = [];
    let last = null;
    doc.forEach((node, _, at) => {
      const isLast = at === doc.childCount - 1;
      let origin = this.#origin(node);
      const follows = last?.origin && origin && isNext(last.origin, origin);
      let piece = origin?.source ?? this.#new(node, last, isLast);
      if (last && !follows) {
        const wasNext = isNext(this.spots.get(last.node), this.spots.get(node));
        if (!wasNext || !areTwo(last.piece, piece)) {
          text = apart(text);
          // Behind a list, what is set in would belong to the list; and so would a list like it.
          if (origin && !areTwo(apart(last.piece), piece)) {
            origin = undefined;
            piece = this.#new(node, last, isLast);
          }
        }
      }
      begins.push(text.length);
      text += piece;
      if (piece) last = { node, origin, piece };
    });
    return { text, begins };
  }

  #new(node, last, isLast) {
    const tail = this.tails.get(node) ?? (isLast ? "\n" : "\n\n");
    const text = written(last && isLike(last.node, node) ? other(node) : node);
    const head = last ? "" : this.heads.get(node) ?? "";
    return text && head + text + (/[\r\n]/.test(tail) ? tail : "\n");
  }
}

const isNext = (one, other) => Boolean(one && other && one.load === other.load && one.at + 1 === other.at);

/** Whether two texts stay two blocks without an empty line between them. */
const areTwo = (one, other) => {
  const blocks = cut(one + other);
  return blocks.length > 1 && blocks.slice(0, -1).map((it) => it.source).join("") === one;
};

const isLike = (one, node) => {
  const lists = [SCHEMA.nodes.bullet_list, SCHEMA.nodes.ordered_list];
  return one.type === node.type && lists.includes(node.type)
    && one.attrs.bullet === node.attrs.bullet && one.attrs.delimiter === node.attrs.delimiter;
};

/** A list with other signs, so that it does not go on with the list before it. */
const other = (node) => {
  const { bullet, delimiter } = node.attrs;
  const attrs = node.type === SCHEMA.nodes.bullet_list
    ? { ...node.attrs, bullet: bullet === "-" ? "*" : "-" }
    : { ...node.attrs, delimiter: delimiter === "." ? ")" : "." };
  return node.type.create(attrs, node.content);
};
