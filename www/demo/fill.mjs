// Fills a table with log records, in thirty snapshots: most of them append an hour or so of them, and on the way a column gets
// a better name, another is added, records are deleted when they are old, and some are corrected:
//
//     node demo/fill.mjs --endpoint http://127.0.0.1:9000 [--bucket demo] [--table logs] [--rows 1000000]
//
// The keys are those that the `bucket` example has by default, or `DATASHARD_S3_ACCESS_KEY` and `_SECRET_KEY`.

import { parseArgs } from "node:util";
import { s3, Warehouse } from "datashard";
import { rows, SCHEMA } from "./rows.mjs";

const APPENDS = 28;
/** What happens before which of them. */
const [RENAMED, ADDED, DELETED, CORRECTED] = [6, 12, 20, 25];
/** How many of the first hours' records are deleted where they matter least, and how many records are corrected. */
const [OLD, LATE] = [10, 20];
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
if (!given.endpoint || !Number.isSafeInteger(total) || total < APPENDS) {
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
const weights = Array.from({ length: APPENDS }, (_, i) => 1.15 + Math.sin((i / APPENDS) * HOURS * (Math.PI / 12)));
const sum = weights.reduce((a, b) => a + b);
const span = (HOURS * 3_600_000) / APPENDS;
const end = Math.floor(Date.now() / 3_600_000) * 3_600_000;
const begin = (i) => end - (APPENDS - i) * span;

let left = total;
let last = [];
for (let i = 0; i < APPENDS; i++) {
  await evolve(i);
  const count = i === APPENDS - 1 ? left : Math.min(left, Math.max(1, Math.round((total * weights[i]) / sum)));
  await table.append(pieces(written(i, rows(count, { seed: i + 1, start: begin(i), step: span / Math.max(count, 1) }))));
  left -= count;
  if (process.stderr.isTTY) process.stderr.write(`\r${total - left} of ${total} rows`);
}
if (process.stderr.isTTY) process.stderr.write("\n");

async function evolve(i) {
  const change = table.transaction();
  if (i === RENAMED) await change.renameColumn("millis", "duration").setDoc("duration", "milliseconds").commit();
  if (i === ADDED) await change.addColumn({ name: "release", type: "string", doc: "of the service" }).commit();
  if (i === DELETED) await change.delete(`level = 'debug' and ts < '${new Date(begin(OLD)).toISOString()}'`).commit();
  if (i === CORRECTED) await change.upsert(last.map((row) => ({ ...row, tags: ["late"] })), ["ts", "host"]).commit();
}

/** Rows as they are written at that time. */
function* written(i, rows) {
  last = [];
  for (const { duration, ...row } of rows) {
    const now = { ...row, [i < RENAMED ? "millis" : "duration"]: duration, ...(i >= ADDED && { release: `4.${i - ADDED}` }) };
    if (last.push(now) > LATE) last.shift();
    yield now;
  }
}

function* pieces(rows) {
  let piece = [];
  for (const row of rows) {
    if (piece.push(row) < PIECE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
