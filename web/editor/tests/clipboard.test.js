import assert from "node:assert/strict";
import test from "node:test";
import { carried, isOnlyPictures, lightened } from "../clipboard.js";
import { fitted, renumbered, unsaidIn } from "../fitting.js";
import { nodesOf } from "../reading.js";
import { picturesOf, withPictures } from "../rtf.js";
import { SCHEMA } from "../schema.js";
import { written } from "../writing.js";

const PNG = "89504e470d0a1a0a";
const JPEG = "ffd8ffe000104a46";
const picture = (kind, hex) => String.raw`{\*\shppict{\pict{\*\picprop{\sp{\sn a\{b}{\sv x}}}\picw60\pich40${kind}\bliptag7{\*\blipuid 01ef}
${hex.slice(0, 8)}
${hex.slice(8)}}}{\nonshppict{\pict\picw60\wmetafile8 0100}}`;
const rtf = (...pictures) => String.raw`{\rtf1\ansi Un \{texte\} d\'e9j\'e0 ${pictures.join(String.raw`\par `)}\par}`;
const file = (name, more = "") => `<img width=20 src="file:///C:/Temp/${name}" ${more}>`;

const data = (texts, files = []) => ({ getData: (type) => texts[type] ?? "", files });

test("the pictures of RTF are found in their order, without those for old programs", () => {
  assert.deepEqual(picturesOf(rtf(picture("\\pngblip", PNG), picture("\\jpegblip", JPEG))), [
    { type: "image/png", hex: PNG }, { type: "image/jpeg", hex: JPEG }]);
  assert.deepEqual(picturesOf(rtf(picture("\\emfblip", "0100"))), [null]);
  for (const odd of ["", "{", "}}}", "{\\pict", "{\\pict\\pngblip zz}", String.raw`{\pict\pngblip\bin4 abcd}`]) {
    assert.equal(picturesOf(odd).filter(Boolean).length, 0, odd);
  }
});

test("Word's HTML gets its pictures, each in its place; comments that name them once more stay", () => {
  const html = `<!--[if gte vml 1]>${file("a.png")}<![endif]-->${file("b.png")} et ${file("c.jpg", "alt='deux'")}`;
  const made = withPictures(html, rtf(picture("\\pngblip", PNG), picture("\\jpegblip", JPEG)));
  assert.equal(made, `<!--[if gte vml 1]>${file("a.png")}<![endif]--><img width=20 src="data:image/png;base64,iVBORw0KGgo=" >`
    + ` et <img width=20 src="data:image/jpeg;base64,/9j/4AAQSkY=" alt='deux'>`);
});

test("where pictures cannot be told from each other, none is put in a wrong place", () => {
  const html = `${file("a.png")}${file("b.png")}`;
  assert.equal(withPictures(html, rtf(picture("\\pngblip", PNG))), html);
  assert.equal(withPictures(html, ""), html);
  assert.match(withPictures(html, rtf(picture("\\pngblip", PNG), picture("\\emfblip", "01"))), /data:image\/png[^>]*><img width=20 src="file:/);
});

test("of a clipboard that holds one picture its file is taken, of any other its text", () => {
  const image = { name: "image.png", type: "image/png" };
  const alone = "<html><head><style>p {}</style></head><body><!--StartFragment--><p>&nbsp;<img src='https://a.example/b.png'></p>";
  assert.ok(isOnlyPictures(alone));
  assert.deepEqual(carried(data({ "text/html": alone }, [image])), { files: [image] });
  assert.deepEqual(carried(data({}, [image])), { files: [image] });
  // Excel's cells come with a picture of them.
  const cells = "<table><tr><td></td></tr></table><img src=a>";
  for (const html of [cells, "<p>Un mot <img src=a></p>"]) {
    assert.deepEqual(carried(data({ "text/html": html, "text/plain": "t" }, [image])), { html, text: "t" });
  }
  assert.deepEqual(carried(data({ "text/plain": "t" })), { text: "t" });
});

test("of HTML that is too large the largest pictures go, and every word stays", () => {
  const html = `<p>a<img src="data:image/png;base64,${"A".repeat(500)}">b<img alt=c src='data:image/png;base64,${"B".repeat(90)}'>d</p>`;
  assert.equal(lightened(html, 1_000), html);
  assert.equal(lightened(html, 300), `<p>a<img src="">b<img alt=c src='data:image/png;base64,${"B".repeat(90)}'>d</p>`);
  assert.equal(lightened(html, 100), '<p>a<img src="">b<img alt=c src="">d</p>');
  const words = `<p>${"mot ".repeat(100)}</p>`;
  assert.equal(lightened(words, 100), words, "words are never cut: what is too long is told");
});

test("footnotes from elsewhere get labels that are free, and keep to their marks", () => {
  const doc = SCHEMA.nodes.doc.create(null, [...nodesOf("Là[^1] et[^note]."), ...nodesOf("[^1]: Un.")]);
  const made = [...nodesOf("**Dit[^1]** et[^2]."), ...nodesOf("[^1]: Nouveau[^2]."), ...nodesOf("[^2]: Autre.")];
  const { nodes, notes } = fitted(made, doc);
  assert.deepEqual(nodes.map(written), ["**Dit[^3]** et[^2]."]);
  assert.deepEqual(notes.map(written), ["[^3]: Nouveau[^2].", "[^2]: Autre."]);
  const free = nodesOf("Dit[^7].");
  assert.equal(renumbered(free, doc)[0], free[0], "what needs no other label stays the node it is");
});

test("pictures that nobody described are counted, wherever they stand", () => {
  const nodes = ["::: image a.png\n:::", "::: image b.png\nalt:\n:::", "::: image c.png\nalt: vue\n:::", "- ![](d.png) et ![vue](e.png)"].flatMap((it) => nodesOf(it));
  assert.equal(unsaidIn(nodes), 2);
});

test("a table without words in its heading is drawn and comes back as it is", () => {
  const [table] = nodesOf("|  |  |\n| --- | --- |\n| lundi | gare |\n");
  assert.equal(table.type.name, "table");
  assert.equal(written(table), "|  |  |\n| --- | --- |\n| lundi | gare |");
});
