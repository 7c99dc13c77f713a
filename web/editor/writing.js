// Writes one block as Markdown. Each way of writing is read back, and the plainest that comes back
// as the same node is taken.

import { MarkdownSerializer, defaultMarkdownSerializer } from "prosemirror-markdown";
import { Fragment } from "prosemirror-model";
import { nodesOf } from "./reading.js";

const { nodes: USUAL, marks: USUAL_MARKS } = defaultMarkdownSerializer;
const COLONS = /^[ \t>]*(:{3,})/gm;

/** Colons that no line of a text closes. */
const colonsAround = (text) => {
  let most = 2;
  for (const found of text.matchAll(COLONS)) most = Math.max(most, found[1].length);
  return ":".repeat(most + 1);
};

const container = (behind) => (state, node) => {
  const inside = serializer(state.options).serialize(node, state.options);
  const colons = colonsAround(inside);
  const head = [node.attrs.name, behind(node)].filter(Boolean).join(" ");
  state.write(`${colons} ${head}`);
  state.ensureNewLine();
  state.renderContent(node);
  state.flushClose(1);
  state.ensureNewLine();
  state.write(colons);
  state.closeBlock(node);
};

const oneLine = (text) => text.replace(/\s*[\r\n]+\s*/g, " ").trim();

const linesOf = (node) => {
  const { kind, values } = node.attrs;
  if (kind === "agenda") {
    return values.filter((it) => it.some(Boolean)).map(([when, place, what]) => {
      const cells = place ? [when, place, what] : [when, what];
      return cells.map(oneLine).join(" | ");
    });
  }
  return values.map(([key, text]) => `${key}: ${oneLine(text)}`.trimEnd());
};

const cellText = (state, cell) => {
  const inner = serializer(state.options);
  const paragraph = cell.type.schema.nodes.paragraph.create(null, cell.content);
  const text = inner.serialize(cell.type.schema.nodes.doc.create(null, paragraph), state.options);
  return text.replaceAll("|", "\\|").replace(/\\\n|\n/g, "<br>");
};

const table = (state, node) => {
  const rows = [];
  node.forEach((row) => {
    const cells = [];
    row.forEach((cell) => cells.push(cellText(state, cell)));
    rows.push(cells);
  });
  const lines = rows.map((cells) => `| ${cells.join(" | ")} |`);
  const rules = { left: ":---", right: "---:", center: ":---:" };
  const width = node.firstChild.childCount;
  const rule = Array.from({ length: width }, (_, at) => rules[node.attrs.align[at]] ?? "---");
  lines.splice(1, 0, `| ${rule.join(" | ")} |`);
  lines.forEach((line, at) => {
    state.write(line);
    if (at < lines.length - 1) state.ensureNewLine();
  });
  state.closeBlock(node);
};

const rawText = (state, node) => {
  node.textContent.split("\n").forEach((line, at, all) => {
    if (line) state.write(line);
    else state.flushClose(1);
    if (at < all.length - 1) state.out += "\n";
  });
  state.closeBlock(node);
};

const NODES = {
  ...USUAL,
  paragraph(state, node) {
    if (node.attrs.before) {
      state.write(node.attrs.before);
      state.ensureNewLine();
    }
    USUAL.paragraph(state, node);
  },
  heading(state, node) {
    USUAL.heading(state, node);
    // Signs # at the end of a heading's line would be taken for its end.
    state.out = state.out.replace(/(^|[^\\#])(#+)$/, "$1\\$2");
  },
  bullet_list(state, node) {
    state.renderList(node, "  ", () => `${node.attrs.bullet} `);
  },
  ordered_list(state, node) {
    const { order, delimiter } = node.attrs;
    const width = String(order + node.childCount - 1).length + 2;
    state.renderList(node, " ".repeat(width), (at) => `${order + at}${delimiter} `);
  },
  table,
  box: container((node) => oneLine(node.attrs.title)),
  lead: container(() => ""),
  quote: container((node) => oneLine(node.attrs.author)),
  columns: container(() => ""),
  column: container(() => ""),
  footnote(state, node) {
    state.wrapBlock("    ", `[^${node.attrs.label}]: `, node, () => state.renderContent(node));
  },
  fields(state, node) {
    const { name, argument } = node.attrs;
    const lines = [[":::", name, oneLine(argument)].filter(Boolean).join(" "), ...linesOf(node), ":::"];
    lines.forEach((line, at) => {
      state.write(line);
      if (at < lines.length - 1) state.ensureNewLine();
    });
    state.closeBlock(node);
  },
  raw: rawText,
  text(state, node) {
    state.text(node.text, !state.inAutolink && state.options.escapes !== false);
  },
  image(state, node) {
    const { alt, src, title } = node.attrs;
    const source = /[\s<>]/.test(src) ? `<${src.replace(/[<>]/g, encodeURIComponent)}>` : src.replace(/[()]/g, "\\$&");
    const words = oneLine(alt).replace(/[\\[\]]/g, "\\$&");
    state.write(`![${words}](${source}${title ? ` ${state.quote(title)}` : ""})`);
  },
  expression: (state, node) => state.write(node.attrs.source),
  raw_inline: (state, node) => state.write(node.attrs.source),
};

const MARKS = {
  ...USUAL_MARKS,
  strike: { open: "~~", close: "~~", mixable: true, expelEnclosingWhitespace: true },
  underline: { open: "<u>", close: "</u>", mixable: true },
  superscript: { open: "<sup>", close: "</sup>", mixable: true },
  subscript: { open: "<sub>", close: "</sub>", mixable: true },
};
/** Where signs do not mark, such as between letters: the same said by HTML. */
const AS_HTML = {
  ...MARKS,
  strong: { open: "<strong>", close: "</strong>", mixable: true },
  em: { open: "<em>", close: "</em>", mixable: true },
  strike: { open: "<s>", close: "</s>", mixable: true },
};
const OPTIONS = {
  tightLists: true,
  // After what prosemirror-markdown escapes: HTML, entities, lists, fences, attributes.
  escapeExtraCharacters: /<|(?<=^\d{1,9})\)(?=\s|$)|(?<=^\d{1,9})\.(?=$)|^\+(?=$)|^=(?=[=\s]*$)|&(?=#?\w+;)|^:(?=::)|(?<![{\\])\{(?!\{)/g,
};
const BY_SIGNS = new MarkdownSerializer(NODES, MARKS, OPTIONS);
const BY_HTML = new MarkdownSerializer(NODES, AS_HTML, OPTIONS);
const serializer = (options) => (options.html ? BY_HTML : BY_SIGNS);

const WAYS = [{ escapes: false }, {}, { html: true }];
const STRAY = /^[ \t>]*:::/m;

const isEmpty = (node) => node.type.name === "paragraph" && !node.content.size && !node.attrs.before;

/** A node without what Markdown cannot hold: empty paragraphs, and spaces at the ends of lines. */
const tidy = (node) => {
  if (node.isTextblock) return node.type.spec.code ? node : node.copy(trimmed(node.content));
  if (node.isLeaf) return node;
  let children = [];
  node.forEach((it) => children.push(tidy(it)));
  const full = children.filter((it) => !isEmpty(it));
  if (full.length) children = full;
  return node.copy(Fragment.from(children));
};

const trimmed = (content) => {
  const nodes = [];
  content.forEach((it) => nodes.push(it));
  while (nodes.length && (nodes.at(-1).type.name === "hard_break" || isSpace(nodes.at(-1)))) nodes.pop();
  while (nodes.length && (nodes[0].type.name === "hard_break" || isSpace(nodes[0]))) nodes.shift();
  if (nodes[0]?.isText) nodes[0] = nodes[0].withText(nodes[0].text.trimStart());
  if (nodes.at(-1)?.isText) nodes[nodes.length - 1] = nodes.at(-1).withText(nodes.at(-1).text.trimEnd());
  return Fragment.from(nodes);
};

const isSpace = (node) => node.isText && !node.text.trim();

const SHOWN_ON_SPACE = new Set(["link", "code", "underline"]);

/** What a node says, for comparing: a space is the same, whether it is bold or not. */
const meaning = (node) => {
  if (node.isText) {
    const key = (marks) => JSON.stringify(marks.map((it) => [it.type.name, it.attrs]).sort());
    const all = key(node.marks);
    const few = key(node.marks.filter((it) => SHOWN_ON_SPACE.has(it.type.name)));
    return Array.from(node.text, (it) => `${it.trim() ? all : few}${it}`).join("");
  }
  const inside = [];
  node.forEach((it) => inside.push(meaning(it)));
  const marks = node.isInline ? node.marks.map((it) => it.type.name).sort() : [];
  return `${node.type.name}${JSON.stringify([node.attrs, marks])}(${inside.join("")})`;
};

const same = (text, node) => {
  try {
    const found = nodesOf(text);
    return found.length === 1 && meaning(found[0]) === meaning(node);
  } catch {
    return false;
  }
};

const mayBeStray = (node) => {
  let found = false;
  node.descendants((it) => {
    if (it.isTextblock && !it.type.spec.code && STRAY.test(it.textContent)) found = true;
  });
  return found || (node.isTextblock && STRAY.test(node.textContent));
};

/** A block as Markdown, without a line's end; "" for an empty paragraph. */
export const written = (whole) => {
  const node = tidy(whole);
  if (isEmpty(node)) return "";
  if (node.type.name === "raw") return node.textContent.replace(/\n+$/, "");
  const doc = node.type.schema.nodes.doc.create(null, node);
  const ways = mayBeStray(node) ? WAYS.slice(1) : WAYS;
  for (const way of ways) {
    const text = serializer(way).serialize(doc, way);
    if (same(text, node)) return text;
  }
  return BY_SIGNS.serialize(doc, {});
};

/** Whether a node, written anew, is read as itself. */
export const comesBack = (node) => same(written(node), node);
