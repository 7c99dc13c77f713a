import assert from "node:assert/strict";
import test from "node:test";
import { changesOf, french, typed } from "../typography.js";

const N = "\u202f";

const after = (text) => {
  let written = "";
  for (const sign of text) {
    written += sign;
    const change = typed(written);
    if (change) written = written.slice(0, written.length - change.back) + change.text;
  }
  return written;
};

test("typing sets French quotes, apostrophes and narrow spaces", () => {
  assert.equal(after('Il dit "oui" !'), `Il dit «${N}oui${N}»${N}!`);
  assert.equal(after("l'avis"), "l’avis");
  assert.equal(after("Pourquoi?"), `Pourquoi${N}?`);
  assert.equal(after("Quoi ?!"), `Quoi${N}?!`);
  assert.equal(after("Ordre du jour: un"), `Ordre du jour${N}: un`);
  assert.equal(after("« oui »"), `«${N}oui${N}»`);
});

test("typing leaves addresses, hours and personal words as they are", () => {
  for (const text of ["https://example.org/a?b=1", "à 10:30", "nom@example.org", "3:2"]) {
    assert.equal(after(text), text);
  }
});

test("a text is set as a whole, and setting it again changes nothing", () => {
  const text = `Il dit "l'avis" : oui ! Non? 59 % et 1 000 voix; voir https://example.org/?a:b;c et 10:30`;
  const set = french(text);
  assert.equal(set, `Il dit «${N}l’avis${N}»${N}: oui${N}! Non${N}? 59${N}% et 1${N}000 voix${N}; voir https://example.org/?a:b;c et 10:30`);
  assert.equal(french(set), set);
  assert.equal(french('un " seul'), 'un " seul');
});

test("the changes between both texts lead from one to the other", () => {
  for (const text of [`Il dit "l'avis" : oui !`, `"a" "b"`, `«x»`, `a !b`, `1 000 000 €`, `x? y! z;`]) {
    let made = text;
    for (const [from, to, put] of changesOf(text, french(text)).reverse()) made = made.slice(0, from) + put + made.slice(to);
    assert.equal(made, french(text));
  }
});
