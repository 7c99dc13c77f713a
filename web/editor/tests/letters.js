// Letters to try things on: the specimens of the project, each as the body behind its front matter.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const bodyOf = (text) => text.replace(/^---\n[\s\S]*?\n---\n/, "");

const word = join(ROOT, "tests/specimens/word");

export const LETTERS = [
  "templates/letters/specimen/letter.md", "templates/letters/new.fr.md", "templates/letters/new.en.md",
  ...readdirSync(word).filter((it) => it.endsWith(".md")).sort().map((it) => `tests/specimens/word/${it}`),
].map((name) => [name, bodyOf(readFileSync(join(ROOT, name), "utf8"))]);
