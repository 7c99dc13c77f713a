// Reads blocks of Markdown into ProseMirror's nodes. What cannot be drawn, or would not come back
// as it is, stays as it is written, in a node `raw`.

import { MarkdownParser } from "prosemirror-markdown";
import { Lifted } from "./expressions.js";
import { MARKDOWN, Undrawable } from "./markdown.js";
import { SCHEMA } from "./schema.js";

const isTight = (tokens, at) => {
  while (++at < tokens.length) if (tokens[at].type !== "list_item_open") return tokens[at].hidden;
  return false;
};

const judged = (token) => {
  if (token.meta?.fault) throw new Undrawable(token.meta.fault);
};

const block = (name, attrs) => ({
  block: name,
  getAttrs: (token) => {
    judged(token);
    return attrs(token.meta);
  },
});

// Gives texts their expressions; a parser reads one text at a time.
let lifted = null;
const back = (text) => lifted.back(text);

const withoutArgument = (meta) => {
  if (meta.argument) throw new Undrawable("nothing can stand behind the name");
  return { name: meta.name };
};

const TOKENS = {
  paragraph: { block: "paragraph" },
  heading: { block: "heading", getAttrs: (it) => ({ level: Number(it.tag.slice(1)) }) },
  blockquote: { block: "blockquote" },
  list_item: { block: "list_item" },
  bullet_list: {
    block: "bullet_list",
    getAttrs: (it, tokens, at) => ({ bullet: it.markup, tight: isTight(tokens, at) }),
  },
  ordered_list: {
    block: "ordered_list",
    getAttrs: (it, tokens, at) => ({
      order: Number(it.attrGet("start") ?? 1), delimiter: it.markup, tight: isTight(tokens, at),
    }),
  },
  hr: { node: "horizontal_rule", getAttrs: (it) => ({ markup: it.markup.length < 3 ? "---" : it.markup }) },
  footnote: { block: "footnote", getAttrs: (it) => ({ label: it.meta.label }) },
  box_block: block("box", (meta) => ({ name: meta.name, title: back(meta.argument) })),
  lead_block: block("lead", withoutArgument),
  quote_block: block("quote", (meta) => ({ name: meta.name, author: back(meta.argument) })),
  columns_block: block("columns", withoutArgument),
  column_block: block("column", withoutArgument),
  fields: {
    node: "fields",
    getAttrs: (token) => {
      judged(token);
      const { kind, name, argument, values } = token.meta;
      return { kind, name, argument: back(argument), values: values.map((it) => it.map(back)) };
    },
  },
  table: { block: "table", getAttrs: (_, tokens, at) => ({ align: alignments(tokens, at) }) },
  thead: { ignore: true },
  tbody: { ignore: true },
  tr: { block: "table_row" },
  th: { block: "table_cell", getAttrs: (it) => ({ header: true, align: alignment(it) }) },
  td: { block: "table_cell", getAttrs: (it) => ({ align: alignment(it) }) },
  image: {
    node: "image",
    getAttrs: (it) => ({
      src: back(it.attrGet("src")), alt: back(it.content), title: back(it.attrGet("title")),
    }),
  },
  hardbreak: { node: "hard_break" },
  em: { mark: "em" },
  strong: { mark: "strong" },
  s: { mark: "strike" },
  html_superscript: { mark: "superscript" },
  html_subscript: { mark: "subscript" },
  html_underline: { mark: "underline" },
  html_strong: { mark: "strong" },
  html_em: { mark: "em" },
  html_strike: { mark: "strike" },
  link: {
    mark: "link",
    getAttrs: (it) => ({ href: back(it.attrGet("href")), title: back(it.attrGet("title")) }),
  },
};

const alignment = (token) => /text-align:(\w+)/.exec(token.attrGet("style") ?? "")?.[1] ?? "";

const alignments = (tokens, at) => {
  const found = [];
  while (tokens[++at].type !== "tr_close") {
    if (tokens[at].type === "th_open") found.push(alignment(tokens[at]));
  }
  return found;
};

const parser = () => {
  const it = new MarkdownParser(SCHEMA, MARKDOWN, TOKENS);
  const handlers = it.tokenHandlers;
  const inlineRaw = (state, token) => {
    state.addNode(SCHEMA.nodes.raw_inline, { source: back(token.content) });
  };
  handlers.text = (state, token) => {
    for (const [part, isExpression] of lifted.parts(token.content)) {
      if (isExpression) state.addNode(SCHEMA.nodes.expression, { source: part });
      else state.addText(part);
    }
  };
  handlers.html_inline = inlineRaw;
  handlers.attributes_behind = inlineRaw;
  handlers.footnote_ref = inlineRaw;
  handlers.code_inline = (state, token) => {
    const mark = SCHEMA.marks.code.create();
    state.openMark(mark);
    state.addText(back(token.content));
    state.closeMark(SCHEMA.marks.code);
  };
  const code = (params) => (state, token) => {
    state.openNode(SCHEMA.nodes.code_block, { params: back(params(token)) });
    state.addText(back(token.content.replace(/\n$/, "")));
    state.closeNode();
  };
  handlers.fence = code((token) => token.info.trim());
  handlers.code_block = code(() => "");
  handlers.html_block = (state, token) => {
    state.openNode(SCHEMA.nodes.raw, { nested: true });
    state.addText(back(token.content.replace(/\n+$/, "")));
    state.closeNode();
  };
  handlers.attributes_line = (state, token, tokens, at) => {
    if (tokens[at + 1]?.type !== "paragraph_open") throw new Undrawable("attributes of a block");
    tokens[at + 1].meta = { before: back(token.content) };
  };
  handlers.paragraph_open = (state, token) => {
    state.openNode(SCHEMA.nodes.paragraph, { before: token.meta?.before ?? "" });
  };
  for (const name of Object.keys(TOKENS).filter((name) => TOKENS[name].block)) {
    // ProseMirror leaves out a node whose content does not fit, and says nothing.
    handlers[`${name}_close`] = (state) => {
      const isFilled = name !== "columns_block" || state.top().content.length;
      if (!isFilled || !state.closeNode()) throw new Undrawable(`content of ${name}`);
    };
  }
  return it;
};

const PARSER = parser();

/** The nodes of a text of Markdown; raises Undrawable, or what ProseMirror raises. */
export const nodesOf = (source, references = {}) => {
  lifted = new Lifted(source.replace(/\r\n?/g, "\n"));
  const before = Object.keys(references).length;
  const env = { references: { ...references } };
  const doc = PARSER.parse(lifted.text, env);
  if (env.isTooDeep) throw new Undrawable("what lies too deep");
  if (Object.keys(env.references).length > before) throw new Undrawable("targets of links");
  const nodes = [];
  doc.forEach((node) => nodes.push(node));
  doc.check();
  return nodes;
};

/** The targets of links that a text defines, as nodesOf wants them. */
export const referencesOf = (text) => {
  const env = {};
  MARKDOWN.parse(new Lifted(text.replace(/\r\n?/g, "\n")).text, env);
  return env.references ?? {};
};

/** A node that shows a source as it is written. */
export const rawOf = (source) => {
  const text = source.replace(/\r\n?/g, "\n").replace(/\n+$/, "");
  return SCHEMA.nodes.raw.create(null, text ? SCHEMA.text(text) : null);
};
