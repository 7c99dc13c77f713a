// Cuts a body into its top blocks as the server does; the page asks the server, where it can be had.

import { Lifted } from "./expressions.js";
import { MARKDOWN } from "./markdown.js";

const KINDS = {
  paragraph_open: "paragraph", heading_open: "heading", bullet_list_open: "bullets",
  ordered_list_open: "numbers", blockquote_open: "blockquote", table_open: "table",
  fence: "code", code_block: "code", html_block: "html", hr: "rule",
  footnote_open: "footnote", attributes_line: "attributes",
};

/** The lines of a text, each with its end, as Markdown counts them. */
export const linesOf = (text) => text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? [];

const plain = (text) => text.replace(/\r\n?/g, "\n");

const isBlank = (line) => !line.trim();

const starts = function* (body, lines) {
  const firstOf = (from, to) => {
    for (let at = from; at < to; at += 1) if (!isBlank(lines[at])) return at;
    return null;
  };
  let covered = 0;
  for (const [first, end, kind] of blocks(body)) {
    const between = firstOf(covered, first);
    if (between !== null) {
      if (covered === 0 && between > 0) yield [0, "gap"];
      yield [between, "definitions"];
    } else if (covered === 0 && first > 0) yield [0, "gap"];
    yield [first, kind];
    covered = end;
  }
  const rest = firstOf(covered, lines.length);
  if (rest !== null) {
    if (covered === 0 && rest > 0) yield [0, "gap"];
    yield [rest, "definitions"];
  } else if (covered === 0 && lines.length) yield [0, "gap"];
};

const blocks = function* (body) {
  const tokens = MARKDOWN.parse(new Lifted(plain(body)).text, {});
  let begun = null;
  for (const token of tokens) {
    if (token.level || token.nesting < 0 || !token.map) continue;
    let [first, end] = token.map;
    let kind = kindOf(token);
    if (kind === "attributes") {
      begun ??= first;
      continue;
    }
    if (begun !== null) [first, kind, begun] = [begun, "attributes", null];
    yield [first, end, kind];
  }
  if (begun !== null) yield [begun, linesOf(body).length, "attributes"];
};

/** The server's blocks of a text, if they are all of it; else the blocks as we cut them. */
export const whole = (blocks, text) => {
  const joined = blocks?.map((it) => it.source).join("");
  return joined === text ? blocks : cut(text);
};

const kindOf = (token) => {
  if (token.type === "fields") return token.meta.kind;
  if (token.type.endsWith("_block_open")) return token.meta.kind;
  return KINDS[token.type] ?? "other";
};

/** The blocks of a body: {source, kind, line}; the sources joined are the body. */
export const cut = (body) => {
  const lines = linesOf(body);
  const begins = [...starts(body, lines)];
  return begins.map(([line, kind], at) => ({
    source: lines.slice(line, begins[at + 1]?.[0]).join(""), kind, line,
  }));
};
