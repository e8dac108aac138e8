// Fills a table with log records, in some thirty commits:
//
//     node demo/fill.mjs --endpoint http://127.0.0.1:9000 [--bucket demo] [--table logs] [--rows 1000000]
//
// The keys are those that the `bucket` example has by default, or `DATASHARD_S3_ACCESS_KEY` and `_SECRET_KEY`.

import { parseArgs } from "node:util";
import { s3, Warehouse } from "datashard";
import { rows, SCHEMA } from "./rows.mjs";

const SNAPSHOTS = 30;
const PIECE = 5_000;
const HOURS = 36;

const { values: given } = parseArgs({
  options: {
    endpoint: { type: "string" },
    bucket: { type: "string", default: "demo" },
    table: { type: "string", default: "logs" },
    rows: { type: "string", default: "1000000" },
  },
});
const total = Number(given.rows);
if (!given.endpoint || !Number.isSafeInteger(total) || total < SNAPSHOTS) {
  console.error("usage: node demo/fill.mjs --endpoint URL [--bucket NAME] [--table NAME] [--rows N]");
  process.exit(2);
}
const credentials = {
  accessKeyId: process.env.DATASHARD_S3_ACCESS_KEY ?? "demo-key",
  secretAccessKey: process.env.DATASHARD_S3_SECRET_KEY ?? "demo-secret",
};
const warehouse = new Warehouse(s3({ endpoint: given.endpoint, bucket: given.bucket, credentials }));
const table = await warehouse.create(given.table, SCHEMA);

/** Days are busier than nights. */
const weights = Array.from({ length: SNAPSHOTS }, (_, i) => 1.15 + Math.sin((i / SNAPSHOTS) * HOURS * (Math.PI / 12)));
const sum = weights.reduce((a, b) => a + b);
const span = (HOURS * 3_600_000) / SNAPSHOTS;
const end = Math.floor(Date.now() / 3_600_000) * 3_600_000;
let left = total;
for (let i = 0; i < SNAPSHOTS; i++) {
  const isLast = i === SNAPSHOTS - 1;
  const count = isLast ? left : Math.min(left, Math.max(1, Math.round((total * weights[i]) / sum)));
  const start = end - (SNAPSHOTS - i) * span;
  await table.append(pieces(rows(count, { seed: i + 1, start, step: span / Math.max(count, 1) })));
  left -= count;
  if (process.stderr.isTTY) process.stderr.write(`\r${total - left} of ${total} rows`);
}
if (process.stderr.isTTY) process.stderr.write("\n");

function* pieces(rows) {
  let piece = [];
  for (const row of rows) {
    if (piece.push(row) < PIECE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
