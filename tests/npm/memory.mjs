// How much memory the module takes: appends so many MB, 100 by default, 100 a snapshot, and scans them. Fails above 64 MiB.
// `node tests/npm/memory.mjs [MB]`, with a bucket in the environment; `tests/wasm.rs` runs it.

import { test } from "node:test";
import { tableFromArrays, tableToIPC, int64, utf8 } from "../../pkg-config/node_modules/@uwdata/flechette/dist/flechette.mjs";
import { taken } from "./module_memory.mjs";
import { options } from "./projects.mjs";

const LIMIT = 64;
const ROWS = 8192;
const megabytes = Number(process.argv[2] ?? 100);

const { Warehouse, s3 } = await import("../../pkg-config/dist/node.js");

/** About a megabyte that hardly compresses. */
function piece(number) {
  const ids = BigInt64Array.from({ length: ROWS }, (_, row) => BigInt(number * ROWS + row));
  const texts = Array.from({ length: ROWS }, () => crypto.getRandomValues(Buffer.alloc(87)).toString("base64"));
  const table = tableFromArrays({ id: ids, text: texts }, { types: { id: int64(), text: utf8() } });
  return tableToIPC(table, { format: "stream" });
}

test(`${megabytes} MB are appended and scanned in less than ${LIMIT} MiB`, async () => {
  const warehouse = new Warehouse(s3(options));
  const fields = [{ name: "id", type: "long" }, { name: "text", type: "string" }];
  const table = await warehouse.create("memory", { fields });
  async function* pieces(from, to) {
    for (let number = from; number < to; number++) yield piece(number);
  }
  let rows = 0;
  for (let from = 0; from < megabytes; from += 100) {
    rows += (await table.append(pieces(from, Math.min(from + 100, megabytes)))).rows;
  }
  const afterAppend = taken();
  let [count, bytes] = [0, 0];
  const scan = table.scan();
  for await (const batch of scan) bytes += batch.length;
  for await (const { id } of table.scan({ select: ["id", "text"], filter: "id >= 8000" }).rows()) count += id >= 8000n;
  console.log(`${rows} rows, ${Math.round(bytes / 1e6)} MB: ${afterAppend} MiB after appending, ${taken()} MiB after scanning`);
  if (count !== rows - 8000) throw new Error(`${count} rows of ${rows}`);
  if (taken() > LIMIT) throw new Error(`${taken()} MiB`);
});
