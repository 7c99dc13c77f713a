// What a letter may hold, as ProseMirror draws it. No node has a style of its own: the page's
// policy forbids it.

import { Schema } from "prosemirror-model";

const list = () => ({
  content: "list_item+",
  group: "block",
});

const around = (attrs = {}, content = "block+") => ({
  content,
  group: "block",
  defining: true,
  attrs: { name: {}, ...attrs },
});

const nodes = {
  doc: { content: "block+" },
  paragraph: {
    content: "inline*",
    group: "block",
    // The line of attributes before it, such as {.lead}, as it is written.
    attrs: { before: { default: "" } },
    parseDOM: [{ tag: "p" }],
    toDOM: (node) => ["p", classOf(node), 0],
  },
  heading: {
    content: "inline*",
    group: "block",
    defining: true,
    attrs: { level: { default: 2 } },
    parseDOM: [1, 2, 3, 4, 5, 6].map((level) => ({ tag: `h${level}`, attrs: { level } })),
    toDOM: (node) => [`h${node.attrs.level}`, 0],
  },
  blockquote: {
    content: "block+", group: "block", defining: true,
    parseDOM: [{ tag: "blockquote" }],
    toDOM: () => ["blockquote", 0],
  },
  bullet_list: {
    ...list(),
    attrs: { tight: { default: true }, bullet: { default: "-" } },
    parseDOM: [{ tag: "ul" }],
    toDOM: (node) => ["ul", { class: node.attrs.tight ? "tight" : null }, 0],
  },
  ordered_list: {
    ...list(),
    attrs: { tight: { default: true }, order: { default: 1 }, delimiter: { default: "." } },
    parseDOM: [{ tag: "ol", getAttrs: (it) => ({ order: it.start ?? 1 }) }],
    toDOM: (node) => ["ol", {
      start: node.attrs.order === 1 ? null : node.attrs.order,
      class: node.attrs.tight ? "tight" : null,
    }, 0],
  },
  list_item: {
    content: "block+", defining: true,
    parseDOM: [{ tag: "li" }],
    toDOM: () => ["li", 0],
  },
  code_block: {
    content: "text*", marks: "", group: "block", code: true, defining: true,
    attrs: { params: { default: "" } },
    parseDOM: [{ tag: "pre", preserveWhitespace: "full" }],
    toDOM: () => ["pre", ["code", 0]],
  },
  horizontal_rule: {
    group: "block",
    attrs: { markup: { default: "---" } },
    parseDOM: [{ tag: "hr" }],
    toDOM: () => ["hr"],
  },
  table: {
    content: "table_row+", group: "block", isolating: true,
    attrs: { align: { default: [] } },
    toDOM: () => ["div", { class: "table" }, ["table", ["tbody", 0]]],
    parseDOM: [{ tag: "table" }],
  },
  table_row: {
    content: "table_cell+",
    toDOM: () => ["tr", 0],
    parseDOM: [{ tag: "tr" }],
  },
  table_cell: {
    content: "inline*", isolating: true,
    attrs: { header: { default: false }, align: { default: "" } },
    toDOM: (node) => [node.attrs.header ? "th" : "td", { class: node.attrs.align || null }, 0],
    parseDOM: [{ tag: "td" }, { tag: "th", attrs: { header: true } }],
  },
  footnote: {
    content: "block+", group: "block", defining: true,
    attrs: { label: {} },
  },
  box: around({ title: { default: "" } }),
  lead: around(),
  quote: around({ author: { default: "" } }),
  columns: around({}, "column+"),
  column: { content: "block+", defining: true, isolating: true, attrs: { name: { default: "colonne" } } },
  fields: {
    group: "block", atom: true, selectable: true,
    // `values`: [key, text] pairs as written, or an agenda's [when, place, what].
    attrs: { kind: {}, name: {}, argument: { default: "" }, values: { default: [] } },
  },
  raw: {
    content: "text*", marks: "", group: "block", code: true, defining: true, isolating: true,
    attrs: { nested: { default: false } },
  },
  text: { group: "inline" },
  hard_break: {
    inline: true, group: "inline", selectable: false,
    linebreakReplacement: true,
    parseDOM: [{ tag: "br" }],
    toDOM: () => ["br"],
  },
  image: {
    inline: true, group: "inline", draggable: true,
    attrs: { src: {}, alt: { default: "" }, title: { default: null } },
  },
  expression: {
    inline: true, group: "inline", atom: true,
    attrs: { source: {} },
    leafText: (node) => node.attrs.source,
  },
  raw_inline: {
    inline: true, group: "inline", atom: true,
    attrs: { source: {} },
    leafText: (node) => node.attrs.source,
  },
};

const classOf = (node) => {
  const named = /^\{\s*\.(lead|caption)\s*\}$/.exec(node.attrs.before);
  return { class: named ? named[1] : node.attrs.before ? "attributed" : null };
};

const simple = (...tags) => ({
  parseDOM: tags.map((tag) => ({ tag })),
  toDOM: () => [tags[0], 0],
});

/** Attributes as the clipboard has them; false, so that no rule fits, for what another page made up. */
const attrsOf = (dom, spec) => {
  let said;
  try {
    said = JSON.parse(dom.dataset.attrs);
  } catch {
    return false;
  }
  const isText = (it) => typeof it === "string";
  const isGood = ([name, it]) => name in (spec.attrs ?? {}) && (isText(it) || it === null || it === false || it === true
    || (Array.isArray(it) && it.every((part) => Array.isArray(part) && part.every(isText))));
  if (!said || typeof said !== "object" || !Object.entries(said).every(isGood)) return false;
  if ("kind" in said && !FIELDS.has(said.kind)) return false;
  return said;
};

const FIELDS = new Set(["image", "button", "votes", "agenda", "signature", "contents"]);

const marks = {
  link: {
    attrs: { href: {}, title: { default: null } },
    inclusive: false,
    parseDOM: [{ tag: "a[href]", getAttrs: (it) => ({ href: it.getAttribute("href"), title: it.getAttribute("title") }) }],
    // No href: a click belongs to the writing, and a foreign address is not for the page.
    toDOM: (mark) => ["a", { title: mark.attrs.href, "data-href": mark.attrs.href }, 0],
  },
  em: simple("em", "i"),
  strong: simple("strong", "b"),
  strike: simple("s", "del"),
  underline: simple("u"),
  superscript: simple("sup"),
  subscript: simple("sub"),
  code: { ...simple("code"), code: true },
};

// How blocks of ours travel in the clipboard; views draw them on the page.
for (const [name, shown] of Object.entries({
  box: 0, lead: 0, quote: 0, columns: 0, column: 0, footnote: 0, raw: 0,
  fields: (it) => [it.attrs.argument, ...it.attrs.values.map((value) => value.join(" "))].join(" "),
  expression: (it) => it.attrs.source, raw_inline: (it) => it.attrs.source, image: (it) => it.attrs.alt,
})) {
  const tag = nodes[name].inline ? "span" : "div";
  nodes[name].toDOM = (node) => [
    tag, { "data-block": name, "data-attrs": JSON.stringify(node.attrs) }, shown ? shown(node) : 0,
  ];
  nodes[name].parseDOM = [{
    tag: `${tag}[data-block=${name}]`, priority: 60,
    preserveWhitespace: name === "raw" ? "full" : undefined,
    getAttrs: (dom) => attrsOf(dom, nodes[name]),
  }];
}

export const SCHEMA = new Schema({ nodes, marks });
