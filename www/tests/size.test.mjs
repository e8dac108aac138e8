import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
/** What the page and its worker load before a table shows, beside the module; and with the tabs that come when they are opened. */
const [FIRST, ALL] = [60_000, 66_000];

test("the page's JavaScript keeps its budget", async () => {
  const names = (await readdir(`${DIST}assets`)).filter((name) => name.endsWith(".js"));
  const index = await readFile(`${DIST}index.html`, "utf8");
  const size = async (name) => gzipSync(await readFile(`${DIST}assets/${name}`), { level: 9 }).length;
  const isFirst = (name) => index.includes(name) || name.startsWith("worker-host");
  const sizes = await Promise.all(names.map(async (name) => ({ name, bytes: await size(name) })));
  const sum = (some) => some.reduce((sum, { bytes }) => sum + bytes, 0);
  const [first, all] = [sum(sizes.filter(({ name }) => isFirst(name))), sum(sizes)];
  console.log(`${first} bytes at first, ${all} with all tabs, compressed by gzip`);
  assert.ok(sizes.some(({ name }) => name.startsWith("worker-host")) && first > 30_000);
  assert.ok(first <= FIRST && all <= ALL, JSON.stringify(sizes));
});
