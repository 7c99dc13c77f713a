// Makes blocks from elsewhere fit into a letter: footnotes get numbers that are free, and stand at its
// end.

import { SCHEMA } from "./schema.js";

const { nodes: types } = SCHEMA;
const NOTE = /^\[\^(.+)\]$/;

const labelsOf = (doc) => {
  const found = new Set();
  doc.descendants((node) => {
    if (node.type === types.footnote) found.add(node.attrs.label);
    if (node.type === types.raw_inline && NOTE.test(node.attrs.source)) found.add(NOTE.exec(node.attrs.source)[1]);
  });
  return found;
};

/** The nodes with other labels for footnotes that the document has already. */
export const renumbered = (nodes, doc) => {
  const there = labelsOf(doc);
  const own = new Set(nodes.flatMap((it) => [...labelsOf(types.doc.create(null, it))]));
  const taken = new Set([...there, ...own]);
  const other = new Map();
  let next = 1;
  for (const label of own) {
    if (!there.has(label)) continue;
    while (taken.has(String(next))) next += 1;
    taken.add(String(next));
    other.set(label, String(next));
  }
  if (!other.size) return nodes;
  const changed = (node) => {
    if (node.isText) return node;
    const label = node.type === types.raw_inline ? NOTE.exec(node.attrs.source)?.[1] : node.attrs.label;
    const now = node.type === types.raw_inline || node.type === types.footnote ? other.get(label) : undefined;
    if (now && node.isLeaf) return node.type.create({ source: `[^${now}]` }, null, node.marks);
    const inside = [];
    node.forEach((it) => inside.push(changed(it)));
    if (now) return node.type.create({ ...node.attrs, label: now }, inside);
    return inside.every((it, at) => it === node.child(at)) ? node : node.copy(node.content.constructor.from(inside));
  };
  return nodes.map(changed);
};

/** Blocks as they are put in: what belongs to the place, and the notes, for the end of the letter. */
export const fitted = (made, doc) => {
  const all = renumbered(made, doc);
  const notes = all.filter((it) => it.type === types.footnote);
  return { nodes: all.filter((it) => it.type !== types.footnote), notes };
};

/** How many pictures wait for words. */
export const unsaidIn = (nodes) => {
  let count = 0;
  const isSaid = (it) => it.attrs.values.some(([key]) => key === "alt");
  for (const node of nodes) {
    if (node.type === types.fields && node.attrs.kind === "image" && !isSaid(node)) count += 1;
    node.descendants((it) => {
      if (it.type === types.image && !it.attrs.alt) count += 1;
    });
  }
  return count;
};
