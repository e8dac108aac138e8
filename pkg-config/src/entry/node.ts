// Node, Deno and Bun.

import { readFile } from "node:fs/promises";
import { setModule } from "./index.js";

setModule(async () => new Uint8Array(await readFile(new URL(MODULE, import.meta.url))));

export * from "./index.js";
