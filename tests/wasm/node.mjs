// The scenario in Node: `node tests/wasm/node.mjs`, with the bucket in the environment. `tests/wasm.rs` runs it.

import { readFileSync } from "node:fs";
import { plain } from "./plain.mjs";
import { test } from "node:test";
import * as flechette from "@uwdata/flechette";
import { setting, module } from "./settings.mjs";
import { steps } from "./scenario.mjs";

const Warehouse = plain(await import(new URL("node.js", module)));

const questions = JSON.parse(readFileSync(process.env.DATASHARD_QUESTIONS, "utf8"));
const host = { Warehouse, flechette, options: setting, name: "node", questions };
for (const [sentence, step] of Object.entries(steps(host))) {
  test(`node: ${sentence}`, step);
}
