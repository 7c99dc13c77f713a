import assert from "node:assert/strict";
import test from "node:test";
import { Slice } from "prosemirror-model";
import { asLines, behindTable, isInLine } from "../cells.js";
import { nodesOf } from "../reading.js";
import { SCHEMA } from "../schema.js";

const docOf = (text) => SCHEMA.nodes.doc.create(null, nodesOf(text));
const saidOf = (text) => {
  const lines = asLines(docOf(text).content);
  return lines && lines.textBetween(0, lines.size, "", (it) => (it.type.name === "hard_break" ? "/" : "?"));
};

test("blocks of text are lines of a cell, and keep their words, marks and signs", () => {
  for (const [text, said] of [
    ["un", "un"],
    ["un\n\ndeux", "un/deux"],
    ["## T\n\n> cité\n\nfin", "T/cité/fin"],
    ["- a\n- b\n  - c\n\n3. d\n4. e", "• a/• b/• c/3. d/4. e"],
    ["- a\n\n  b", "• a/b"],
  ]) assert.equal(saidOf(text), said);
  const [first] = asLines(docOf("**gras** et *italique*\n\nb").content).content;
  assert.deepEqual(first.marks.map((it) => it.type.name), ["strong"]);
});

test("what is more than text is no line", () => {
  for (const text of ["un\n\n| a |\n|---|\n| b |", "```\ncode\n```", "un\n\n---", "::: bouton https://example.org Lire\n:::"]) {
    assert.equal(saidOf(text), null, text);
  }
});

test("a word that was copied, also out of a table, is part of a line", () => {
  const doc = docOf("un mot\n\ndeux\n\n| a | b |\n|---|---|\n| c | d |\n");
  const word = doc.slice(1, 3, true);
  assert.equal(isInLine(word), true);
  assert.equal(isInLine(doc.slice(1, 11, true)), false);
  const cells = [];
  doc.descendants((node, pos) => { if (node.type.name === "table_cell") cells.push(pos); });
  assert.equal(isInLine(doc.slice(cells[0] + 1, cells[0] + 2, true)), true);
  assert.equal(isInLine(doc.slice(cells[0] + 1, cells[1] + 2, true)), false);
  assert.equal(isInLine(Slice.empty), true);
  assert.equal(behindTable(doc.resolve(cells[3] + 1)), doc.content.size);
  assert.equal(behindTable(doc.resolve(2)), null);
});
