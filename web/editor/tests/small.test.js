import assert from "node:assert/strict";
import test from "node:test";
import { wordsIn, wordsOf } from "../counting.js";
import { expression, simple } from "../expressions.js";
import { blockAt, sorted } from "../findings.js";
import { addressOf } from "../links.js";
import { nodesOf, rawOf } from "../reading.js";
import { SCHEMA } from "../schema.js";
import { marked } from "../source_view.js";
import { sliceOf } from "../paste.js";
import { Words } from "../words.js";
import { written } from "../writing.js";

const doc = (text) => SCHEMA.nodes.doc.create(null, nodesOf(text));

test("an expression is a name and what stands there instead, or is shown as it is", () => {
  assert.deepEqual(simple('{{ subscriber.first_name or "camarade" }}'), { of: "subscriber", name: "first_name", instead: "camarade" });
  assert.deepEqual(simple("{{ subscriber.first_name|default('ami') }}"), { of: "subscriber", name: "first_name", instead: "ami" });
  assert.deepEqual(simple("{{list.title}}"), { of: "list", name: "title", instead: null });
  assert.equal(simple('{{ "x" if subscriber.age > 3 else "y" }}'), null);
  assert.equal(expression("subscriber", "first_name", 'un "ami" d’ici'), "{{ subscriber.first_name or 'un \"ami\" d’ici' }}");
  for (const instead of ["", "camarade", 'dit "x"', "l'ami", `l'"un"`, "a}}b", "a\\b", "a\nb"]) {
    const made = expression("subscriber", "city", instead);
    assert.equal(nodesOf(`avant ${made} après`)[0].childCount, 3, made);
    assert.notEqual(simple(made), null, made);
  }
});

test("an expression stays one word of the text, in every place where one may stand", () => {
  for (const text of ["**{{ a.b }}**", "a{{ list.title }}b", "- {{ list.title }}", "# {{ a.b or \"*x*\" }}", "| {{ a.b }} | b |\n| --- | --- |\n| c | d |"]) {
    assert.equal(written(nodesOf(text)[0]), text);
  }
});

test("what Markdown would take for signs is written so that it stays words", () => {
  for (const text of ["# pas un titre", "1. pas une liste", "- non", "a < b <i>", "*étoiles*", "::: encadre", "[lien](x)", "{.lead}", "&amp;", "~~~", "a_b_ _c_", "> cité", "+ plus", "|", "\\", "---", "===", "    quatre", "[^1]", "[^1]: a", "http://a_b_c", "![x](y)", "`code`", "1) un", "1.", "2)", "+", "=", "<date>", "<!-- x -->", "a#", "fin\\"]) {
    const paragraph = SCHEMA.nodes.paragraph.create(null, SCHEMA.text(text));
    const [back, ...more] = nodesOf(written(paragraph));
    assert.equal(more.length, 0, text);
    assert.equal(back.type.name, "paragraph", text);
    assert.equal(back.textContent, text.trim(), written(paragraph));
  }
});

test("bold that begins within a word, and ends before a sign, is bold", () => {
  const { strong } = SCHEMA.marks;
  const paragraph = SCHEMA.nodes.paragraph.create(null, [
    SCHEMA.text("l’"), SCHEMA.text("« avis »", [strong.create()]), SCHEMA.text("adopté"),
  ]);
  const [back] = nodesOf(written(paragraph));
  assert.ok(back.eq(paragraph), written(paragraph));
});

test("a block that the editor does not draw is its text", () => {
  const source = "<table>\n\n<tr><td>a</td></tr></table>\n";
  assert.equal(written(rawOf(source)), source.trimEnd());
});

test("words are counted as people count them", () => {
  assert.equal(wordsIn("L’avis n° 12 est adopté à 18 h 30 : oui !"), 10);
  assert.equal(wordsOf(doc("# Un titre\n\nBonjour {{ a.b }}, *ça va* ?\n\n::: encadre Deux mots\n- trois\n:::\n\n::: bouton https://x.org Lire ici\n:::")), 10);
});

test("an address is completed, and an address of mail or a telephone number known", () => {
  assert.equal(addressOf("example.org/a"), "https://example.org/a");
  assert.equal(addressOf("nom@example.org"), "mailto:nom@example.org");
  assert.equal(addressOf("02 99 00 00 00"), "tel:0299000000");
  assert.equal(addressOf(" http://example.org "), "http://example.org");
  assert.equal(addressOf(""), "");
  assert.equal(addressOf("javascript:alert(1)"), "https://javascript:alert(1)");
});

test("findings are sorted by weight, and stand at their block", () => {
  const found = sorted([{ severity: "warning", n: 1 }, { severity: "error", n: 2 }, { severity: "warning", n: 3 }]);
  assert.deepEqual(found.map((it) => it.n), [2, 1, 3]);
  assert.equal(blockAt([0, 2, 5], 4), 1);
  assert.equal(blockAt([1, 2], 0), -1);
});

test("the small toolbar writes signs around what is marked", () => {
  assert.deepEqual(marked("strong", "mot", "fr"), { text: "**mot**", from: 2, to: 5 });
  assert.equal(marked("numbers", "a\nb", "fr").text, "1. a\n2. b");
  assert.equal(marked("box", "a", "en").text, "::: box \na\n:::\n");
});

test("one paragraph that is pasted joins the one around it; several keep their blocks", () => {
  const one = sliceOf(nodesOf("un mot"));
  assert.deepEqual([one.openStart, one.openEnd], [1, 1]);
  const all = sliceOf([...nodesOf("# Titre"), ...nodesOf("fin")]);
  assert.deepEqual([all.openStart, all.openEnd], [0, 1]);
});

test("sentences have holes and numbers", () => {
  const words = new Words({ words_one: "{n} mot", words_many: "{n} mots", hello: "Bonjour {name}" }, "fr");
  assert.equal(words.count("words", 1), "1 mot");
  assert.equal(words.count("words", 0), "0 mot");
  assert.equal(words.count("words", 2), "2 mots");
  assert.equal(words.say("hello", { name: "{x}" }), "Bonjour {x}");
});
