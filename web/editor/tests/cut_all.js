// Cuts the texts of a JSON list on its input, for the test that compares with the server's cut.

import { readFileSync } from "node:fs";
import { cut } from "../cutting.js";

const texts = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map(cut)));
