// Letters to try things on: the specimens of the project, each as the body behind its front matter.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const bodyOf = (text) => text.replace(/^---\n[\s\S]*?\n---\n/, "");

const markdownIn = (folder) => readdirSync(join(ROOT, folder)).filter((it) => it.endsWith(".md")).sort().map((it) => `${folder}/${it}`);

const read = (names) => names.map((name) => [name, bodyOf(readFileSync(join(ROOT, name), "utf8"))]);

/** The letters of the project, and what documents and clipboards become. */
export const LETTERS = read([
  "templates/letters/specimen/letter.md", "templates/letters/new.fr.md", "templates/letters/new.en.md",
  ...markdownIn("tests/specimens/word"), ...markdownIn("tests/specimens/clipboard"),
]);

/** What nobody should write, and somebody will. */
export const HARD = read(markdownIn("tests/specimens/hard"));
