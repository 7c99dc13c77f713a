// Makes blocks from elsewhere fit into a letter: footnotes get numbers that are free, and a picture
// that stands alone becomes a block, in which its words are asked for.

import { keyNameOf, nameOf } from "./names.js";
import { SCHEMA } from "./schema.js";

const { nodes: types } = SCHEMA;
const NOTE = /^\[\^(.+)\]$/;
const WIDTH = /^\{\s*width\s*=\s*"?(\d+)"?\s*\}$/;

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

/** The block of a paragraph that is one picture; null for any other node. */
export const pictureBlock = (node, language) => {
  const image = node.firstChild;
  if (node.type !== types.paragraph || node.attrs.before || image?.type !== types.image || image.marks.length) return null;
  const behind = node.childCount > 1 ? node.child(1) : null;
  const width = behind?.type === types.raw_inline ? WIDTH.exec(behind.attrs.source)?.[1] : null;
  if (node.childCount > (width ? 2 : 1) || image.attrs.title || /\s/.test(image.attrs.src)) return null;
  const key = (name) => keyNameOf(name, language);
  return types.fields.create({
    kind: "image", name: nameOf("image", language), argument: image.attrs.src,
    values: [...(image.attrs.alt ? [[key("alt"), image.attrs.alt]] : []), ...(width ? [[key("width"), width]] : [])],
  });
};

/** Blocks as they are put in: what belongs to the place, and the notes, for the end of the letter. */
export const fitted = (made, doc, language) => {
  const all = renumbered(made, doc).map((it) => pictureBlock(it, language) ?? it);
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
