import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { cut } from "../cutting.js";
import { SCHEMA } from "../schema.js";
import { Sources } from "../sources.js";
import { HARD, LETTERS } from "./letters.js";
import { anyMarkdown, anySigns } from "./texts.js";

const opened = (text) => {
  const sources = new Sources();
  const blocks = cut(text);
  return { sources, blocks, doc: SCHEMA.nodes.doc.create(null, sources.open(blocks)) };
};

/** The places of words in a document's texts: [from, to]. */
const wordsIn = (doc) => {
  const found = [];
  doc.descendants((node, pos, parent) => {
    if (!node.isText || parent.type.name === "raw") return;
    for (const it of node.text.matchAll(/\p{L}{2,}/gu)) found.push([pos + it.index, pos + it.index + it[0].length]);
  });
  return found;
};

const changed = ({ sources, doc }, [from, to], word) => {
  const before = doc.resolve(from);
  const marks = before.marksAcross(doc.resolve(to)) ?? [];
  const after = doc.replace(from, to, doc.slice(0, 0).constructor.empty);
  const made = after.replace(from, from, new (doc.slice(0, 0).constructor)(
    SCHEMA.nodes.paragraph.create(null, SCHEMA.text(word, marks)).content, 0, 0));
  sources.follow(doc, made);
  return sources.write(made).text;
};

test("every letter of the project, and every hard one, opened and saved, is itself", () => {
  assert.ok(LETTERS.length > 20 && HARD.length > 5);
  for (const [name, body] of [...LETTERS, ...HARD]) {
    const { sources, doc } = opened(body);
    assert.equal(sources.write(doc).text, body, name);
  }
});

test("any Markdown, opened and saved, is itself", () => {
  fc.assert(fc.property(anyMarkdown, (text) => {
    const { sources, doc } = opened(text);
    assert.equal(sources.write(doc).text, text);
  }), { numRuns: 400 });
});

test("any signs, opened and saved, are themselves", () => {
  fc.assert(fc.property(anySigns, (text) => {
    const { sources, doc } = opened(text);
    assert.equal(sources.write(doc).text, text);
  }), { numRuns: 600 });
});

test("one word changed changes one block, and only that word of it in what is written plainly", () => {
  for (const [name, body] of LETTERS) {
    const { blocks, doc } = opened(body);
    for (const place of wordsIn(doc)) {
      const there = opened(body);
      const text = changed(there, place, "Zébulon");
      const now = cut(text);
      assert.equal(now.length, blocks.length, `${name}: ${JSON.stringify(place)}`);
      const differ = now.filter((it, at) => it.source !== blocks[at].source);
      assert.equal(differ.length, 1, name);
      assert.ok(differ[0].source.includes("Zébulon"), name);
    }
  }
});

test("one word changed in a hard letter changes one block", () => {
  for (const [name, body] of HARD) {
    const { blocks, doc } = opened(body);
    const places = wordsIn(doc);
    // Each word of a table of 60 columns would take a minute.
    const some = places.filter((_, at) => at % Math.ceil(places.length / 25) === 0);
    for (const place of some) {
      const now = cut(changed(opened(body), place, "Zébulon"));
      assert.equal(now.length, blocks.length, `${name}: ${JSON.stringify(place)}`);
      assert.equal(now.filter((it, at) => it.source !== blocks[at].source).length, 1, name);
    }
  }
});

test("one word changed in any Markdown changes one block", () => {
  fc.assert(fc.property(anyMarkdown, fc.nat(), (text, chance) => {
    const there = opened(text);
    const places = wordsIn(there.doc);
    fc.pre(places.length);
    const after = changed(there, places[chance % places.length], "Zébulon");
    const now = cut(after);
    assert.equal(now.length, there.blocks.length);
    assert.equal(now.filter((it, at) => it.source !== there.blocks[at].source).length, 1);
  }), { numRuns: 300 });
});

test("a word changed and changed back is the text as it was, byte for byte", () => {
  const text = "Un  paragraphe\nsur deux lignes.\n\n*   un\n*   deux\n";
  const there = opened(text);
  const [place] = wordsIn(there.doc);
  const slice = there.doc.slice(...place);
  const other = there.doc.replace(place[0], place[1], slice.constructor.empty);
  assert.notEqual(there.sources.write(other).text, text);
  assert.equal(there.sources.write(other.replace(place[0], place[0], slice)).text, text);
});

test("blocks that are moved keep their sources, and stand apart", () => {
  const there = opened("# Un\nDeux\n\n- a\n- b\n");
  const nodes = [];
  there.doc.forEach((it) => nodes.push(it));
  const moved = SCHEMA.nodes.doc.create(null, [nodes[2], nodes[0], nodes[1]]);
  assert.equal(there.sources.write(moved).text, "- a\n- b\n\n# Un\nDeux\n\n");
});

test("two lists that come to stand beside each other stay two", () => {
  const there = opened("- a\n\nEntre.\n\n- b\n");
  const doc = SCHEMA.nodes.doc.create(null, [there.doc.child(0), there.doc.child(2)]);
  const { text } = there.sources.write(doc);
  assert.equal(cut(text).length, 2, text);
});

test("lines are those at which blocks begin", () => {
  const { sources, doc } = opened("\n# Un\n\nDeux\n\nTrois\n");
  const { text, begins } = sources.write(doc);
  assert.deepEqual(begins.map((it) => text.slice(it).trim().split("\n")[0]), ["# Un", "Deux", "Trois"]);
});

test("what lies deeper than Markdown reads is shown as it is written, and loses no word", () => {
  for (const depth of [20, 60, 90, 150]) {
    const text = `${Array.from({ length: depth }, (_, n) => `${"  ".repeat(n)}- n${n}`).join("\n")}\n`;
    const { sources, doc } = opened(text);
    assert.equal(doc.childCount, 1, `${depth}`);
    assert.ok(doc.textContent.includes(`n${depth - 1}`), `${depth}`);
    assert.equal(sources.write(doc).text, text);
  }
});
