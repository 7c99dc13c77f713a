// Reads Markdown as the server does: CommonMark, tables, ~~, footnotes, attributes, our blocks.

import MarkdownIt from "markdown-it";
import { AROUND, blockOf, keyOf } from "./names.js";

/** Something is written that the editor cannot draw: its block is shown as it stands. */
export class Undrawable extends Error {}

const HEADER = /^[ \t]*(\S+)[ \t]*/;
const DEEPEST = 12;
const ATTRIBUTES = /^\{(?:\s*(?:[.#][\w:-]+|[\w:-]+=(?:[\w:-]+|"(?:[^"\\]|\\.)*")|%[^%}]*%?))*\s*\}/u;
const HTML_MARKS = {
  sup: "superscript", sub: "subscript", u: "underline", strong: "strong", b: "strong",
  em: "em", i: "em", s: "strike", del: "strike",
};

const colonsAt = (state, line) => {
  const start = state.bMarks[line] + state.tShift[line];
  let pos = start;
  while (pos < state.eMarks[line] && state.src[pos] === ":") pos += 1;
  return [pos - start, pos];
};

const isCode = (state, line) => state.sCount[line] - state.blkIndent >= 4;

// As in mdit_py_plugins.container.
const container = (state, startLine, endLine, silent) => {
  if (state.level >= DEEPEST || isCode(state, startLine)) return false;
  const [colons, behind] = colonsAt(state, startLine);
  if (colons < 3) return false;
  const info = state.src.slice(behind, state.eMarks[startLine]);
  const name = HEADER.exec(info)?.[1];
  if (!name || !blockOf(name)) return false;
  if (silent) return true;
  let next = startLine;
  let closed = false;
  while (++next < endLine) {
    const start = state.bMarks[next] + state.tShift[next];
    if (start < state.eMarks[next] && state.sCount[next] < state.blkIndent) break;
    if (isCode(state, next)) continue;
    const [count, pos] = colonsAt(state, next);
    if (count < colons || state.skipSpaces(pos) < state.eMarks[next]) continue;
    closed = true;
    break;
  }
  const { parentType, lineMax } = state;
  state.parentType = "blockquote";
  state.lineMax = next;
  const open = state.push("container_open", "div", 1);
  open.info = info;
  open.markup = ":".repeat(colons);
  open.map = [startLine, next + (closed ? 1 : 0)];
  open.meta = { closed, within: parentType === "list" };
  state.md.block.tokenize(state, startLine + 1, next);
  state.push("container_close", "div", -1);
  state.parentType = parentType;
  state.lineMax = lineMax;
  state.line = next + (closed ? 1 : 0);
  return true;
};

const attributesLine = (state, startLine, _endLine, silent) => {
  if (isCode(state, startLine)) return false;
  const start = state.bMarks[startLine] + state.tShift[startLine];
  const line = state.src.slice(start, state.eMarks[startLine]).trimEnd();
  // The server takes `{%` for a fault before it looks for attributes.
  if (line[0] !== "{" || line[1] === "%" || !line.endsWith("}") || !ATTRIBUTES.test(line)) return false;
  if (silent) return true;
  const token = state.push("attributes_line", "", 0);
  token.content = line;
  token.map = [startLine, startLine + 1];
  state.line = startLine + 1;
  return true;
};

const attributesBehind = (state, silent) => {
  if (state.pending || state.src[state.pos] !== "{") return false;
  const before = state.tokens.at(-1)?.type;
  if (before !== "link_close" && before !== "image" && before !== "code_inline") return false;
  const found = ATTRIBUTES.exec(state.src.slice(state.pos, state.posMax));
  if (!found) return false;
  if (!silent) state.push("attributes_behind", "", 0).content = found[0];
  state.pos += found[0].length;
  return true;
};

const noteMark = (state, silent) => {
  const found = /^\[\^([^\] \n]+)\]/.exec(state.src.slice(state.pos, state.pos + 200));
  if (!found) return false;
  if (!silent) {
    const token = state.push("footnote_ref", "", 0);
    token.content = found[0];
  }
  state.pos += found[0].length;
  return true;
};

// As in mdit_py_plugins.footnote.
const note = (state, startLine, endLine, silent) => {
  if (isCode(state, startLine)) return false;
  const start = state.bMarks[startLine] + state.tShift[startLine];
  const found = /^\[\^([^\] ]+)\]:/.exec(state.src.slice(start, state.eMarks[startLine]));
  if (!found) return false;
  if (silent) return true;
  const behind = start + found[0].length;
  const open = state.push("footnote_open", "", 1);
  open.meta = { label: found[1] };
  const kept = {
    bMark: state.bMarks[startLine], tShift: state.tShift[startLine],
    sCount: state.sCount[startLine], parentType: state.parentType,
  };
  let pos = behind;
  const initial = state.sCount[startLine] + behind - start;
  let offset = initial;
  for (; pos < state.eMarks[startLine]; pos += 1) {
    if (state.src[pos] === "\t") offset += 4 - (offset % 4);
    else if (state.src[pos] === " ") offset += 1;
    else break;
  }
  state.tShift[startLine] = pos - behind;
  state.sCount[startLine] = offset - initial;
  state.bMarks[startLine] = behind;
  state.blkIndent += 4;
  state.parentType = "footnote";
  if (state.sCount[startLine] < state.blkIndent) state.sCount[startLine] += state.blkIndent;
  state.md.block.tokenize(state, startLine, endLine);
  state.parentType = kept.parentType;
  state.blkIndent -= 4;
  state.tShift[startLine] = kept.tShift;
  state.sCount[startLine] = kept.sCount;
  state.bMarks[startLine] = kept.bMark;
  open.map = [startLine, state.line];
  state.push("footnote_close", "", -1);
  return true;
};

/** The lines of a block of lines, as [key, text] pairs, or an agenda's [when, place, what]. */
const valuesOf = (kind, lines) => {
  const written = lines.filter((it) => it.trim());
  if (kind === "button" || kind === "contents") {
    if (written.length) throw new Undrawable("a line where none can stand");
    return [];
  }
  if (kind === "agenda") {
    return written.map((line) => {
      const cells = line.split("|").map((it) => it.trim());
      if (cells.length < 2 || cells.length > 3) throw new Undrawable("no date");
      return cells.length === 2 ? [cells[0], "", cells[1]] : cells;
    });
  }
  const values = [];
  const seen = new Set();
  const indentOf = (line) => line.length - line.trimStart().length;
  const indent = written.length ? indentOf(written[0]) : 0;
  for (const line of written) {
    if (values.length && indentOf(line) > indent) {
      const last = values.at(-1);
      last[1] = `${last[1]} ${line.trim()}`.trim();
      continue;
    }
    const found = /^([^\s:|][^:|\n]{0,39}?)[ \t\u00a0\u202f]*:[ \t]*(.*)$/.exec(line.trimStart());
    const meaning = found && keyOf(kind, found[1]);
    if (!meaning || seen.has(meaning)) throw new Undrawable("no key of this block");
    seen.add(meaning);
    values.push([found[1], found[2].trim()]);
  }
  return values;
};

/** Blocks of lines become one token each; those around text get their name and what is behind it. */
const blocks = (state) => {
  const lines = state.src.split("\n");
  const kept = [];
  const around = [];
  for (let at = 0; at < state.tokens.length; at += 1) {
    const token = state.tokens[at];
    if (token.nesting === 1 && token.type !== "container_open") around.push("");
    else if (token.nesting === -1 && token.type !== "container_close") around.pop();
    if (token.type === "container_close") {
      token.type = `${around.pop()}_block_close`;
    } else if (token.type === "container_open") {
      const name = HEADER.exec(token.info);
      const kind = blockOf(name[1]);
      token.meta = { ...token.meta, kind, name: name[1], argument: token.info.slice(name[0].length).trim() };
      const fault = !token.meta.closed || around.includes("");
      if (fault) token.meta.fault = "not closed, or within a list";
      if (AROUND.has(kind)) {
        token.type = `${kind}_block_open`;
        around.push(kind);
      } else {
        let depth = 1;
        while (depth) depth += { container_open: 1, container_close: -1 }[state.tokens[++at].type] ?? 0;
        token.type = "fields";
        token.nesting = 0;
        try {
          token.meta.values = valuesOf(kind, lines.slice(token.map[0] + 1, token.map[1] - 1));
        } catch (error) {
          token.meta.fault = error.message;
        }
      }
    }
    kept.push(token);
  }
  state.tokens = kept;
};

/** HTML that says what a mark says, such as <sup>, becomes that mark where it is closed. */
const htmlMarks = (state) => {
  for (const token of state.tokens) {
    if (token.type !== "inline") continue;
    const open = [];
    for (const child of token.children) {
      if (child.type !== "html_inline") continue;
      const found = /^<(\/?)([a-z]+)>$/.exec(child.content);
      const mark = found && HTML_MARKS[found[2]];
      if (!mark) continue;
      if (!found[1]) open.push([child, found[2], mark]);
      else if (open.at(-1)?.[1] === found[2]) {
        const [begins] = open.pop();
        begins.type = `html_${mark}_open`;
        child.type = `html_${mark}_close`;
      }
    }
  }
};

const markdown = () => {
  const it = new MarkdownIt("commonmark", { html: true }).enable(["table", "strikethrough"]);
  // As mailer/letter/nesting.py has it. markdown-it drops what lies deeper without a word.
  it.options.maxNesting = 210;
  it.core.ruler.push("too_deep", (state) => {
    state.env.isTooDeep = state.tokens.some((token) => token.level >= it.options.maxNesting - 1);
  });
  const alt = { alt: ["paragraph", "reference", "blockquote", "list"] };
  it.block.ruler.before("fence", "container", container, alt);
  it.block.ruler.before("container", "attributes_line", attributesLine);
  it.block.ruler.before("reference", "footnote", note, { alt: ["paragraph", "reference"] });
  it.inline.ruler.after("image", "footnote_ref", noteMark);
  it.inline.ruler.push("attributes_behind", attributesBehind);
  it.core.ruler.after("block", "our_blocks", blocks);
  it.core.ruler.after("inline", "html_marks", htmlMarks);
  return it;
};

export const MARKDOWN = markdown();

