// Texts for properties: Markdown of all kinds, and signs of all kinds.

import fc from "fast-check";

const word = fc.constantFrom(
  "avis", "l’été", "gare", "59", "**gras**", "*penché*", "~~rayé~~", "`code`", "[lien](https://example.org/a_b)",
  '{{ subscriber.first_name or "camarade" }}', "[^1]", "<sup>e</sup>", "a_b_c", "2*3*4", "<date>", "&amp;", "\\*",
  "![vu](gare.png){width=300}", "[ici](https://example.org){.button}", "[note]", "🧑‍👩‍👧", "e\u0301", "שלום", "«\u202foui\u202f»",
  "{{ à demi", "a|b", "https://example.org/?a=1&b=2", "**{{ list.title }}**", "<br>", "<b>", "#", "::: x", "[^x]",
);
const line = fc.array(word, { minLength: 1, maxLength: 6 }).map((it) => it.join(" "));
const paragraph = fc.array(line, { minLength: 1, maxLength: 3 }).map((it) => it.join("\n"));
const item = fc.oneof(line, fc.tuple(line, line).map(([a, b]) => `${a}\n\n  ${b}`), fc.tuple(line, line).map(([a, b]) => `${a}\n  - ${b}`));
const simple = fc.oneof(
  paragraph,
  fc.tuple(fc.integer({ min: 1, max: 4 }), line).map(([n, it]) => `${"#".repeat(n)} ${it}`),
  line.map((it) => `${it}\n====`),
  fc.array(item, { minLength: 1, maxLength: 3 }).map((all) => all.map((it) => `- ${it}`).join("\n")),
  fc.array(line, { minLength: 1, maxLength: 12 }).map((all) => all.map((it, at) => `${at + 3}) ${it}`).join("\n")),
  paragraph.map((it) => `> ${it.replaceAll("\n", "\n> ")}`),
  paragraph.map((it) => `\`\`\`\n${it}\n\`\`\``),
  line.map((it) => `    ${it}`),
  fc.constantFrom("---", "***", "[1]: https://example.org", "{.lead}\nGrand texte", "{.x}\n- a", "<div>a\nb</div>", "<!-- c -->"),
  fc.tuple(line, line).map(([a, b]) => `| ${a.replaceAll("|", "\\|")} | b |\n|:--|--:|\n| ${b.replaceAll("|", "\\|")} | c |`),
  line.map((it) => `[^1]: ${it}`),
);
const block = fc.oneof(
  { arbitrary: simple, weight: 4 },
  fc.tuple(line, simple).map(([title, it]) => `::: encadre ${title}\n${it}\n:::`),
  fc.tuple(line, paragraph).map(([title, it]) => `::: citation ${title}\n${it}\n:::`),
  fc.tuple(simple, simple).map(([a, b]) => `:::: colonnes\n::: colonne\n${a}\n:::\n::: colonne\n${b}\n:::\n::::`),
  line.map((it) => `::: image gare.png\nalt: ${it}\n  ${it}\nlégende : ${it}\n:::`),
  line.map((it) => `::: bouton https://example.org ${it}\n:::`),
  fc.constantFrom("::: votes Avis\npour: 59\ncontre: 1 000\n:::", "::: votes\npour: 5\npour: 6\n:::", "::: sommaire\n:::", "::: inconnu\na\n:::", "::: encadre\nouvert"),
  line.map((it) => `::: agenda\n2026-12-08 18:00 | Salle | ${it.replaceAll("|", "/")}\n2026-12-24 | Fermé\n:::`),
);
const gap = fc.constantFrom("\n\n", "\n\n\n", "\n", "\n \n", "\r\n\r\n");

export const anyMarkdown = fc.tuple(
  fc.constantFrom("", "\n", "\n\n"), fc.array(fc.tuple(block, gap), { minLength: 1, maxLength: 6 }), fc.constantFrom("", "\n"),
).map(([first, all, last]) => first + all.map(([it, between], at) => it + (at < all.length - 1 ? between : "")).join("") + last);

export const anySigns = fc.array(fc.constantFrom(
  ..."abé *_`~[]()!<>#&\\{}|:-+=.1\"'\t\n\n\n\r🧑".split(""), "\n\n", "    ", "```\n", ":::", "::: encadre\n", "{{", "}}", "](", "[^1]", "{.lead}", "\u202f", "\u00a0",
), { maxLength: 60 }).map((it) => it.join(""));
