// How much memory the wasm module has after a scan, in Node: `node tests/bench/memory.mjs`, with DATASHARD_S3_ENDPOINT as
// `cargo bench --bench memory -- --files 5 --serve` prints it. Wasm's memory never shrinks, so this is the most that it had.

import { readFileSync } from "node:fs";
import { module } from "../wasm/settings.mjs";

const { Warehouse, initSync } = await import(new URL("datashard.js", module));
const { memory } = initSync({ module: readFileSync(new URL("datashard_bg.wasm", module)) });
const mebibytes = () => (memory.buffer.byteLength / 2 ** 20).toFixed(1);

const endpoint = process.env.DATASHARD_S3_ENDPOINT;
const warehouse = Warehouse.s3({ endpoint, bucket: "demo", accessKeyId: "demo-key", secretAccessKey: "demo-secret" });
const table = await warehouse.open("t");
console.log(`opened: ${mebibytes()} MiB`);
for (const options of [{ filter: "level = 'fatal'" }, {}]) {
  const begin = performance.now();
  const stream = await table.stream(options);
  let batches = 0;
  while (await stream.next()) batches += 1;
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`${JSON.stringify(options)}: ${batches} batches, ${seconds} s, ${mebibytes()} MiB`);
}
