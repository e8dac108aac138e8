// How much memory the wasm module has after a scan, in Node: `node tests/bench/memory.mjs`, with DATASHARD_S3_ENDPOINT as
// `cargo bench --bench memory -- --files 10 --serve` prints it, and the package that `pkg-config/build` makes.

import { taken } from "../npm/module_memory.mjs";

const { Warehouse, s3 } = await import("../../pkg-config/dist/node.js");
const credentials = { accessKeyId: "demo-key", secretAccessKey: "demo-secret" };
const warehouse = new Warehouse(s3({ endpoint: process.env.DATASHARD_S3_ENDPOINT, bucket: "demo", credentials }));
const table = await warehouse.open("t");
console.log(`opened: ${taken()} MiB`);
for (const options of [{ filter: "level = 'fatal'" }, {}]) {
  const begin = performance.now();
  let batches = 0;
  const scan = table.scan(options);
  for await (const _ of scan) batches += 1;
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`${JSON.stringify(options)}: ${batches} batches, ${scan.report?.bytes} bytes read, ${seconds} s, ${taken()} MiB`);
}
