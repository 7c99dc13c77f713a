// Writes the bundle, its style sheet and the licences of what is inside into web/static/.

import { build } from "esbuild";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = process.argv[2] ?? join(here, "../static");

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: ["editor.js", "editor.css"],
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  metafile: true,
});

const packages = new Set(Object.keys(metafile.inputs)
  .map((it) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(it)?.[1]).filter(Boolean));
const licences = [...packages].sort().map((name) => {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((it) => /^licen[cs]e/i.test(it));
  if (!file || !existsSync(join(folder, file))) throw new Error(`${name} has no licence beside it`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
});
writeFileSync(join(out, "editor.licences.txt"),
  `What editor.js holds besides Pli, and under which licences.\n\n${licences.join(`\n${"-".repeat(72)}\n\n`)}`);
