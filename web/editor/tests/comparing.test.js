import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { byWords, chosen, parts } from "../comparing.js";

test("what only one of both changed is known, and what both changed is asked", () => {
  const base = ["a\n\n", "b\n\n", "c\n\n", "d\n"];
  const found = parts(["A\n\n", "b\n\n", "c\n\n", "x\n"], ["a\n\n", "b\n\n", "C\n\n", "y\n"], base);
  assert.deepEqual(found.map((it) => it.changed ?? "same"), ["mine", "same", "theirs", "both"]);
  const apart = parts(["A\n\n", "b\n\n", "c\n\n", "d\n"], ["a\n\n", "b\n\n", "C\n\n", "d\n"], base);
  assert.deepEqual(apart.map((it) => it.changed ?? "same"), ["mine", "same", "theirs", "same"]);
});

test("choosing one side everywhere gives that side's text", () => {
  const text = fc.array(fc.constantFrom("a\n\n", "b\n\n", "c\n\n", "d\n\n", "e\n\n"), { maxLength: 12 });
  fc.assert(fc.property(text, text, (mine, theirs) => {
    const all = parts(mine, theirs);
    const differing = all.filter((it) => !it.same);
    assert.equal(chosen(all, differing.map(() => "mine")), mine.join(""));
    assert.equal(chosen(all, differing.map(() => "theirs")), theirs.join(""));
    const both = chosen(all, differing.map(() => "both"));
    for (const it of [...mine, ...theirs]) assert.ok(both.includes(it));
  }));
});

test("a last block that comes to stand before another is closed", () => {
  const all = parts(["fin"], ["autre fin"]);
  assert.equal(chosen(all, ["both"]), "fin\n\nautre fin");
});

test("ten thousand blocks are compared at once", () => {
  const many = Array.from({ length: 10_000 }, (_, at) => `bloc ${at}\n\n`);
  const other = many.map((it, at) => (at === 5_000 ? "autre\n\n" : it));
  const begun = performance.now();
  assert.deepEqual(parts(many, other).filter((it) => !it.same).length, 1);
  assert.ok(performance.now() - begun < 1_000);
});

test("what differs is marked word by word, and both sides stay whole", () => {
  const sides = byWords("L’avis de mardi est adopté.", "L’avis de jeudi est enfin adopté.");
  const shown = sides.map((side) => side.map((it) => (it.differs ? `[${it.text}]` : it.text)).join(""));
  assert.equal(shown[0], "L’avis de [mardi] est adopté.");
  assert.equal(shown[1], "L’avis de [jeudi] est[ enfin] adopté.");
  for (const [one, other] of [["", "a b"], ["a", ""], ["un 👨‍👩‍👧", "un 👨‍👩‍👦"], ["é", "e\u0301"]]) {
    assert.deepEqual(byWords(one, other).map((side) => side.map((it) => it.text).join("")), [one, other]);
  }
});
