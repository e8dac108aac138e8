// What the package does in every runtime, each step by a sentence. Runs in them all, so it imports nothing. The steps run in
// order; each returns nothing, or throws.

const SCHEMA = {
  fields: [
    { name: "id", type: "long", required: true },
    { name: "level", type: "string" },
    { name: "at", type: "timestamptz" },
    { name: "day", type: "date" },
    { name: "time", type: "time" },
    { name: "price", type: "decimal(38, 4)" },
    { name: "who", type: "uuid" },
    { name: "raw", type: "binary" },
    { name: "ratio", type: "double" },
    { name: "tags", type: { type: "list", element: "string" } },
    { name: "counts", type: { type: "map", key: "string", value: "long" } },
    { name: "place", type: { type: "struct", fields: [{ name: "city", type: "string" }, { name: "since", type: "timestamp" }] } },
  ],
};

const ROW = {
  id: 9007199254740993n,
  level: "warn",
  at: "2026-11-01T09:30:00.250001Z",
  day: "1969-12-31",
  time: "23:59:59.999999",
  price: "-1234567890123456789012345678901234.0001",
  who: "f79c3e09-677c-4bbd-a479-3f349cb785e7",
  raw: new Uint8Array([0, 1, 255]),
  ratio: -0,
  tags: ["a", null, "Ü"],
  counts: new Map([["x", 1n]]),
  place: { city: "Ulm", since: "0001-01-01T00:00:00.000001" },
};

function plain(inner) {
  if (typeof inner === "bigint") return `${inner}n`;
  if (typeof inner === "number" && !Number.isFinite(inner)) return String(inner);
  if (inner instanceof Map) return [...inner];
  if (ArrayBuffer.isView(inner)) return Array.from(inner, plain);
  return Object.is(inner, -0) ? "-0" : inner;
}

const show = (value) => JSON.stringify(value, (_, inner) => plain(inner));

function equal(found, wanted, what = "value") {
  if (show(found) !== show(wanted)) throw new Error(`${what}: ${show(found)} instead of ${show(wanted)}`);
}

async function caught(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/**
 * `datashard` is the package, `options` those of `s3()` for a bucket, `name` of the runtime, and `stores` makes other
 * stores to be tried. `isWorker`: the module runs elsewhere.
 */
export function steps({ datashard, options, name, stores = {}, isWorker = false }) {
  const { DataShardError, Warehouse, https, memory, s3 } = datashard;
  const warehouse = new Warehouse(s3(options));
  const path = `${name}/events`;
  let table;

  async function refused(code, work) {
    const error = await caught(work);
    if (!(error instanceof DataShardError)) throw new Error(`${error?.stack ?? error}, where ${code} was expected`);
    equal(error.code, code, error.message);
    return error;
  }

  /** The bucket by a `fetch` that does something else to some requests. */
  const through = (meddle) =>
    new Warehouse(s3({ ...options, fetch: async (url, init) => (await meddle(url, init)) ?? fetch(url, init) }));

  const ids = async (table, options) => (await table.scan({ select: ["id"], ...options }).toArray()).map(({ id }) => Number(id)).sort((a, b) => a - b);

  const steps = {
    "a table is created, and opened": async () => {
      table = await warehouse.create(path, SCHEMA, { properties: { "write.parquet.compression-codec": "zstd" } });
      equal([await table.version(), await table.snapshots(), await table.scan().toArray()], [1, [], []]);
      equal((await table.schema()).fields.map(({ id }) => id).length, SCHEMA.fields.length);
      equal((await table.location()).endsWith(`/${path}`), true);
      await refused("already-exists", () => warehouse.create(path, SCHEMA));
      equal(await (await warehouse.create(path, SCHEMA, { orOpen: true })).version(), 1);
      equal(await (await warehouse.open(path)).version(), 1);
    },

    "a row comes back as it was given, and may be given again": async () => {
      const receipt = await table.append([ROW, { id: 1 }]);
      equal([receipt.version, receipt.rows, receipt.repeated, typeof receipt.snapshotId], [2, 2, false, "bigint"]);
      const rows = await table.scan({ filter: "level is not null" }).toArray();
      equal(rows, [ROW]);
      const [empty] = await table.scan({ filter: "id = 1" }).toArray();
      equal(Object.values(empty), [1n, ...Array(11).fill(null)]);
      const copy = await (await new Warehouse(memory()).create("copy", SCHEMA)).append(rows);
      equal(copy.rows, 1);
    },

    "three writers append at the same time and nothing is lost": async () => {
      await Promise.all(
        [0, 1, 2].map(async (writer) => {
          const own = await new Warehouse(s3(options)).open(path);
          for (let i = 0; i < 4; i++) {
            const base = 1000 * (writer + 1) + 10 * i;
            await own.append(Array.from({ length: 10 }, (_, k) => ({ id: base + k, level: "load" })));
          }
        }),
      );
      equal(await table.refresh(), 14);
      const wanted = [0, 1, 2].flatMap((w) => [0, 1, 2, 3].flatMap((i) => Array.from({ length: 10 }, (_, k) => 1000 * (w + 1) + 10 * i + k)));
      equal(await ids(table, { filter: "level = 'load'" }), wanted);
      equal([await table.count(), await table.count({ filter: "level = 'load' and id >= 3000" })], [122, 40]);
    },

    "the same key is appended once": async () => {
      const first = await table.append([{ id: 4000 }], { idempotencyKey: `${name} 1` });
      const other = await new Warehouse(s3(options)).open(path);
      const again = await other.append([{ id: 4000 }], { idempotencyKey: `${name} 1` });
      equal([first.repeated, again.repeated, again.rows, again.snapshotId], [false, true, 0, first.snapshotId]);
      equal(await ids(table, { filter: "id = 4000" }), [4000]);
    },

    "rows come from iterables, and as Arrow IPC": async () => {
      async function* some() {
        for (let id = 5000; id < 7500; id++) yield { id, level: "some" };
        yield [{ id: 7500 }, { id: 7501 }];
        for await (const batch of table.scan({ filter: "id = 5000 or id = 1" })) yield batch;
      }
      equal((await table.append(some())).rows, 2503);
      equal((await table.append(new Set([{ id: 8000 }, { id: 8001 }]))).rows, 2);
      const batches = [];
      for await (const ipc of table.scan({ filter: "id >= 8000 and id < 9000" })) batches.push(ipc);
      equal((await table.append(batches[0])).rows > 0, true);
      const error = await caught(() =>
        table.append(
          (async function* () {
            yield { id: 9000 };
            throw new RangeError("the producer failed");
          })(),
        ),
      );
      equal([error.message.includes("the producer failed"), await ids(table, { filter: "id = 9000" })], [true, []]);
    },

    "rows are deleted and replaced, and changes take effect together": async () => {
      const own = await warehouse.create(`${path}-changed`, { fields: [{ name: "id", type: "long" }, { name: "level", type: "string" }] });
      const rows = (from, count) => Array.from({ length: count }, (_, k) => ({ id: from + k, level: k % 2 ? "info" : null }));
      const seen = (await own.append(rows(0, 10))).snapshotId;
      const deleted = await own.delete("level = 'info' and id < 4");
      equal([deleted.rows, deleted.deleted, deleted.snapshotIds.length], [0, 2, 1]);
      equal(await ids(own), [0, 2, 4, 5, 6, 7, 8, 9]);
      equal((await own.delete("id = 77")).snapshotIds, []);
      async function* some() {
        yield { id: 100 };
        yield [{ id: 101 }];
      }
      const receipt = await own.transaction().delete("id < 5").append(some()).setProperty("owner", name).overwrite("id = 9", rows(20, 1)).commit();
      equal([receipt.rows, receipt.deleted, receipt.version], [3, 4, deleted.version + 1]);
      equal([await ids(own), (await own.metadataJson()).includes(`"owner":"${name}"`)], [[5, 6, 7, 8, 20, 100, 101], true]);
      equal(await own.count({ snapshotId: seen }), 10);
      await refused("conflict", () => own.delete("id = 5", { decidedOn: seen }));
      await refused("invalid-input", () => own.transaction().append(rows(0, 1)).delete("nothing = 1").commit());
      const wide = own.transaction().addColumn({ name: "n", type: "int" }).renameColumn("level", "kind").moveColumn("n").updateType("n", "long");
      equal((await wide.append([{ id: 200, n: 2n ** 40n, kind: "new" }]).commit()).rows, 1);
      equal((await own.schema()).fields.map(({ name, type }) => `${name} ${type}`), ["n long", "id long", "kind string"]);
      equal(await own.scan({ filter: "n is not null" }).toArray(), [{ n: 2n ** 40n, id: 200n, kind: "new" }]);
      await refused("invalid-input", () => own.transaction().dropColumn("level").commit());
      equal((await own.transaction().dropColumn("n").commit()).snapshotIds, []);
      await own.delete("id = 200");
      equal((await own.transaction().replaceAll([{ id: 1 }]).commit({ isolation: "snapshot" })).deleted, 7);
      equal(await ids(own), [1]);
    },

    "a table is partitioned, sorted, and has one row for each key": async () => {
      const schema = { fields: [{ name: "id", type: "long", required: true }, { name: "at", type: "timestamptz" }, { name: "n", type: "int" }] };
      const own = await warehouse.create(`${path}-parts`, schema, { partitionBy: ["day(at)", "bucket(2, id)"], sortBy: ["n desc"] });
      const row = (id, n) => ({ id, at: new Date(Date.UTC(2026, 10, 1 + (id % 3))), n });
      await own.append(Array.from({ length: 30 }, (_, id) => row(id, id)));
      const plan = await own.scan({ filter: "at >= '2026-11-02T00:00:00Z' and at < '2026-11-03T00:00:00Z'" }).plan();
      equal((await plan.files()).length <= 2, true);
      equal(await ids(own, { filter: "at >= '2026-11-02T00:00:00Z' and at < '2026-11-03T00:00:00Z'" }), Array.from({ length: 10 }, (_, i) => 3 * i + 1));
      const upserted = await own.upsert([row(4, 400), row(99, 1), row(4, 401)], { on: ["id"] });
      equal([upserted.rows, upserted.deleted, (await own.scan({ filter: "id = 4" }).toArray()).map(({ n }) => n)], [2, 1, [401]]);
      const fresh = await own.appendNew([row(99, 2), row(100, 3)], { on: ["id"] });
      equal([fresh.rows, fresh.deleted, await own.count()], [1, 0, 32]);
      const days = await own.overwritePartitions([row(1, 1000)]);
      equal([days.rows, days.deleted > 0, await ids(own, { filter: "n = 1000" })], [1, true, [1]]);
      await own.overwritePartitions([]);
      equal((await own.delete("at < '2026-11-02T00:00:00Z'")).deleted, 11);
      await refused("invalid-input", () => warehouse.create(`${path}-wrong`, schema, { partitionBy: ["week(at)"] }));
      await refused("invalid-input", () => own.upsert([{ id: 1 }], { on: ["nothing"] }));
    },

    "a table becomes one of version 3, whose rows keep their ids": async () => {
      const fields = [{ name: "id", type: "long", required: true }, { name: "n", type: "int" }];
      const properties = { "write.delete.mode": "merge-on-read" };
      const own = await warehouse.create(`${path}-upgraded`, { fields }, { properties });
      await own.append([{ id: 1, n: 1 }, { id: 2, n: 2 }, { id: 3, n: 3 }]);
      await own.transaction().upgrade(3).append([{ id: 4 }]).commit();
      equal(JSON.parse(await own.metadataJson())["format-version"], 3);
      const lineage = async (table) => {
        const rows = await table.scan({ select: ["id", "_row_id"] }).toArray();
        return new Map(rows.map((row) => [Number(row.id), row._row_id]));
      };
      const before = await lineage(own);
      equal(new Set(before.values()).size, 4);
      await own.delete("id = 2");
      await own.upsert([{ id: 3, n: 33 }], { on: ["id"] });
      const after = await lineage(own);
      equal([after.get(1), after.get(2), after.get(3), after.get(4)], [before.get(1), undefined, before.get(3), before.get(4)]);
      await refused("invalid-input", () => own.transaction().upgrade(2).commit());
      const wide = [{ name: "v", type: "variant" }, { name: "at", type: "timestamptz_ns" }, { name: "n", type: "int", "write-default": 7 }];
      await refused("invalid-input", () => warehouse.create(`${path}-wide-2`, { fields: wide }));
      const third = await warehouse.create(`${path}-wide`, { fields: wide }, { formatVersion: 3 });
      const v = { a: [1, "x", null], b: { c: 0.5 } };
      await third.append([{ v, at: "2026-11-01T09:30:00.123456789Z" }]);
      await refused("invalid-input", () => third.append([{ v: 2n ** 70n }]));
      const [row] = await third.scan({ select: ["v", "n"] }).toArray();
      equal([row.v, row.n], [v, 7]);
    },

    "a log of changes is merged": async () => {
      const schema = { fields: [{ name: "id", type: "long", required: true }, { name: "name", type: "string" }, { name: "n", type: "int" }] };
      const own = await warehouse.create(`${path}-merge`, schema);
      await own.append([{ id: 1, name: "a", n: 1 }, { id: 2, name: "b", n: 2 }, { id: 3, name: "c", n: 3 }]);
      const log = [{ op: "u", id: 2, name: "B" }, { op: "d", id: 3 }, { op: "u", id: 4, name: "D" }, { op: "d", id: 5 }];
      const columns = ["id", "name", { name: "op", type: "string" }];
      const clauses = [
        { when: "matched", then: "delete", if: "op = 'd'" },
        { when: "matched", then: "update" },
        { when: "not matched", then: "insert", if: "op = 'u'" },
      ];
      const merged = await own.merge(log, { on: ["id"], columns, clauses });
      equal([merged.rows, merged.deleted, merged.snapshotIds.length], [2, 2, 1]);
      const rows = (await own.scan().toArray()).sort((a, b) => Number(a.id - b.id));
      equal(rows, [{ id: 1n, name: "a", n: 1 }, { id: 2n, name: "B", n: 2 }, { id: 4n, name: "D", n: null }]);
      const twice = [{ id: 1, name: "x" }, { id: 1, name: "y" }];
      const update = [{ when: "matched", then: "update" }];
      await refused("invalid-input", () => own.merge(twice, { on: ["id"], columns: ["id", "name"], clauses: update }));
      await own.merge(twice, { on: ["id"], columns: ["id", "name"], clauses: update, lastWins: true });
      equal(await own.scan({ filter: "id = 1" }).toArray(), [{ id: 1n, name: "y", n: 1 }]);
    },

    "files that are there become rows, once": async () => {
      const schema = { fields: [{ name: "id", type: "long", required: true }] };
      const own = await warehouse.create(`${path}-files`, schema);
      await own.append([{ id: 1 }, { id: 2 }]);
      const [{ path: file }] = await (await own.scan().plan()).files();
      await refused("already-exists", () => own.addFiles([file]));
      await own.delete("true");
      equal([(await own.addFiles([file])).rows, await ids(own)], [2, [1, 2]]);
      await refused("not-found", () => own.addFiles(["data/none.parquet"]));
    },

    "what is written to a branch is published, picked and rolled back": async () => {
      const own = await warehouse.create(`${path}-branches`, { fields: [{ name: "id", type: "long" }] });
      const first = (await own.append([{ id: 1 }])).snapshotId;
      await own.createBranch("audit", { maxRefAgeMs: 86_400_000, minSnapshotsToKeep: 2, maxSnapshotAgeMs: 3_600_000 });
      await own.createTag("v1");
      await own.append([{ id: 2 }], { branch: "audit" });
      equal((await own.delete("id = 1", { branch: "audit" })).deleted, 1);
      equal([await ids(own), await ids(own, { ref: "audit" }), await ids(own, { ref: "v1" })], [[1], [2], [1]]);
      await own.fastForward("main", "audit");
      equal(await ids(own), [2]);
      const staged = await own.append([{ id: 3 }], { branch: "audit", idempotencyKey: "load" });
      await own.append([{ id: 4 }]);
      await refused("conflict", () => own.fastForward("main", "audit"));
      equal((await own.cherryPick(staged.snapshotId)).rows, 1);
      await refused("already-exists", () => own.cherryPick(staged.snapshotId));
      equal([await ids(own), (await own.append([{ id: 3 }], { idempotencyKey: "load" })).repeated], [[2, 3, 4], true]);
      await own.rollbackTo(first);
      equal([await ids(own), (await own.snapshots()).length], [[1], 6]);
      await refused("conflict", () => own.rollbackTo(first, { branch: "audit", decidedOn: first }));
      await own.transaction().dropTag("v1").createTag("v1", { snapshotId: staged.snapshotId }).dropBranch("audit").commit();
      equal((await own.inspect("refs")).map(({ name, type }) => `${type} ${name}`), ["BRANCH main", "TAG v1"]);
      await refused("not-found", () => own.append([{ id: 5 }], { branch: "audit" }));
      await refused("invalid-input", () => own.createTag("v2", { minSnapshotsToKeep: 2 }));
    },

    "rows that come one by one are there when they are committed": async () => {
      const own = await warehouse.create(`${path}-written`, { fields: [{ name: "id", type: "long" }] });
      const writer = own.writer({ batchRows: 100 });
      for (let id = 0; id < 1000; id++) await writer.write({ id });
      await writer.write([{ id: 1000 }, { id: 1001 }]);
      equal(await own.refresh(), 1);
      const [receipt, nothing] = [await writer.commit(), await writer.commit()];
      equal([receipt.rows, receipt.version, nothing], [1002, 2, undefined]);
      for await (const ipc of own.scan({ filter: "id < 10" })) await writer.write(ipc);
      await writer.write({ id: 2000 });
      equal([(await writer.finish()).rows, await own.count(), (await own.snapshots()).length], [11, 1013, 2]);
      await refused("invalid-input", () => writer.write({ id: 3000 }));
      const abandoned = own.writer({ batchRows: 1 });
      await abandoned.write({ id: 4000 });
      await abandoned[Symbol.asyncDispose]();
      const wrong = own.writer({ batchRows: 2 });
      await wrong.write({ id: 5000 });
      await caught(async () => {
        for (const id of [1.5, 5001, 5002, 5003, 5004, 5005]) await wrong.write({ id });
        await wrong.finish();
      });
      await refused("invalid-input", () => wrong.write({ id: 5006 }));
      const once = own.writer({ idempotencyKey: `${name} load` });
      await once.write({ id: 6000 });
      await refused("invalid-input", () => once.commit());
      equal([(await once.finish()).rows, await own.refresh(), await ids(own, { filter: "id >= 3000" })], [1, 4, [6000]]);
    },

    "rows are read one by one, in batches, and as a stream": async () => {
      let count = 0;
      for await (const row of table.scan({ select: ["id"], filter: "level = 'load'", batchRows: 7 }).rows()) {
        equal(typeof row.id, "bigint");
        if (++count === 30) break;
      }
      equal(count, 30);
      const reader = table.scan({ filter: "level = 'load'" }).readable().getReader();
      let bytes = 0;
      for (let next; !(next = await reader.read()).done; ) bytes += next.value.length;
      equal(bytes > 1000, true);
      const scan = table.scan({ filter: "id = 1001" });
      equal([(await scan.toArray()).length, scan.report.rows >= 1, scan.report.filesSkipped > 0], [1, true, true]);
    },

    "earlier snapshots are read by id, by time and by name": async () => {
      const [oldest] = await table.snapshots();
      equal([oldest.operation, oldest.summary["added-records"]], ["append", "2"]);
      equal((await table.scan({ snapshotId: oldest.snapshotId }).toArray()).length, 2);
      const now = new Date(Date.now() + 60_000);
      equal(await table.count({ asOf: now }), await table.count({ ref: "main" }));
      await refused("not-found", () => table.count({ asOf: new Date(0) }));
      const since = await table.scan({ appendsSince: null, snapshotId: oldest.snapshotId }).toArray();
      equal(since.length, 2);
    },

    "a plan tells what is read, and metadata what there is": async () => {
      const plan = await table.scan({ select: ["id"] }).plan();
      equal([await plan.exactCount(), (await plan.files()).length > 10], [await table.count(), true]);
      equal((await plan.exactBounds("id")).min, 1n);
      const parts = await plan.partitions();
      equal([parts.length, (await parts[0].scan().toArray()).length], [1, await table.count()]);
      const history = await table.inspect("history");
      equal(history.length, (await table.snapshots()).length);
      equal(typeof history[0].snapshot_id, "bigint");
    },

    "rows are seen as they would be stored, and a scan becomes a Parquet file, which is appended in turn": async () => {
      const warehouse = new Warehouse(memory());
      const fields = [{ name: "id", type: "long", required: true }, { name: "price", type: "decimal(9, 2)" }];
      const own = await warehouse.create("t", { fields });
      const stored = await own.preview([{ id: 1, price: 1.5 }, { id: 2n }]);
      equal([...datashard.rowsOf(stored)], [{ id: 1n, price: "1.50" }, { id: 2n, price: null }]);
      equal(await own.version(), 1);
      await own.append(stored);
      const error = await refused("invalid-input", () => own.preview([{ id: 1 }, { id: 2, price: 0.001 }]));
      equal(error.message.startsWith("row 1, column `price`: 0.001"), true, error.message);
      const file = await own.scan({ filter: "id = 1" }).toParquet();
      const other = await warehouse.create("other", { fields: fields.toReversed() });
      await other.append(await other.preview(file));
      equal(await other.scan().toArray(), [{ price: "1.50", id: 1n }]);
      await refused("invalid-input", async () => (await warehouse.create("less", { fields: [fields[0]] })).preview(file));
    },

    "what a table's files say of themselves is JSON, and nothing else is read": async () => {
      const own = await new Warehouse(memory()).create("t", { fields: [{ name: "id", type: "int" }] });
      await own.append([{ id: 7 }]);
      const [{ file_path }] = await own.inspect("files");
      const { rows, "row-groups": [{ columns: [{ min }] }] } = JSON.parse(await own.parquetFooter(file_path));
      equal([rows, min], [1, "7"]);
      const [{ path }] = await own.inspect("manifests");
      equal(JSON.parse(await own.manifestJson(path)).entries[0].data_file.file_path, file_path);
      await refused("invalid-data", () => own.parquetFooter("s3://elsewhere/file.parquet"));
    },

    "new snapshots are followed": async () => {
      const own = await new Warehouse(memory()).create("t", { fields: [{ name: "id", type: "int" }] });
      const tail = own.tail({ interval: 5 });
      const [{ value }, receipt] = await Promise.all([tail.next(), own.append([{ id: 1 }])]);
      equal(value.snapshotId, receipt.snapshotId);
      await tail.return();
    },

    "an abort stops requests, and its reason is thrown": async () => {
      const reason = new Error("enough");
      equal((await caught(() => table.count({ signal: AbortSignal.abort(reason), filter: "id > 0" }))) === reason, true);
      const controller = new AbortController();
      let [sent, stopped] = [0, 0];
      const slow = through(async (url, { signal, method }) => {
        if (method !== "GET" || !url.includes("/data/")) return;
        sent += 1;
        controller.abort(reason);
        await new Promise((resolve) => {
          const stop = () => resolve((stopped += 1));
          signal.aborted ? stop() : signal.addEventListener("abort", stop);
        });
        throw new Error("stopped");
      });
      const reading = await slow.open(path);
      equal((await caught(() => reading.scan({ signal: controller.signal, concurrency: 1 }).toArray())) === reason, true);
      // A worker's answer about its requests is a message behind.
      for (let waited = 0; isWorker && stopped < sent && waited < 200; waited++) await new Promise((resolve) => setTimeout(resolve, 10));
      equal([sent > 0, sent === stopped], [true, true], `${sent} sent, ${stopped} stopped`);
      const writing = new AbortController();
      const hanging = through((url, { method, signal }) => {
        if (method !== "PUT" || !url.includes("metadata.json")) return;
        writing.abort(reason);
        return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
      });
      const stuck = await hanging.open(path);
      const before = await table.count();
      equal((await caught(() => stuck.append([{ id: 9100 }], { signal: writing.signal }))) === reason, true);
      await table.refresh();
      equal(await table.count(), before);
    },

    "mistakes of the caller are told apart": async () => {
      await refused("invalid-input", () => table.scan({ filter: "colour = 'red'" }).toArray());
      await refused("invalid-input", () => table.scan({ fliter: "id > 1" }).toArray());
      await refused("invalid-input", () => table.append([{ id: 1.5 }]));
      await refused("invalid-input", () => table.append(7));
      await refused("invalid-input", () => table.resolve("nonsense"));
      await refused("invalid-input", () => https("nowhere"));
      await refused("invalid-input", () => s3({ ...options, credentials: { accessKeyId: "key" } }));
      await refused("invalid-input", () => s3({ ...options, bucket: undefined }));
      await refused("not-found", () => warehouse.open(`${name}/nothing`));
      const pinned = await warehouse.openMetadata(`${path}/metadata/v1.metadata.json`);
      equal(await pinned.count(), 0);
      await refused("unsupported", () => pinned.append([{ id: 1 }]));
      const wrong = new Warehouse(s3({ ...options, credentials: { ...options.credentials, secretAccessKey: "wrong-secret" } }));
      const denied = await refused("permission-denied", () => wrong.open(path));
      equal(denied.message.includes("wrong-secret"), false, denied.message);
    },

    "what goes wrong on the way is told apart": async () => {
      const hasty = { properties: { "commit.retry.num-retries": "0" } };
      await warehouse.create(`${name}/contended`, { fields: [{ name: "id", type: "int" }] }, hasty);
      const first = await warehouse.open(`${name}/contended`);
      let meddled = false;
      const contended = through(async (url, { method }) => {
        if (method !== "PUT" || !url.includes("v2.metadata.json") || meddled) return;
        meddled = true;
        await first.append([{ id: 1 }]);
      });
      const other = await contended.open(`${name}/contended`);
      await refused("conflict", () => other.append([{ id: 2 }]));

      const damaged = through(async (url, { method }) => {
        if (method === "GET" && url.includes("metadata.json")) return new Response("{", { status: 200 });
      });
      await refused("invalid-data", () => damaged.open(path));

      // The outcome is asked for half a minute, which need not be waited for: each request takes ten seconds by the clock.
      if (isWorker) return;
      const { now } = Date;
      let late = 0;
      let [isStored, isCut] = [false, false];
      const cut = through(async (url, init) => {
        if (isCut) {
          late += 10_000;
          throw new TypeError("the network is gone");
        }
        if (init.method !== "PUT" || !url.includes("metadata.json") || isStored) return;
        await fetch(url, { ...init, signal: undefined });
        [isStored, isCut] = [true, true];
        throw new TypeError("the answer is lost");
      });
      await warehouse.create(`${name}/cut`, { fields: [{ name: "id", type: "int" }] }, {
        properties: { "commit.retry.total-timeout-ms": "1" },
      });
      await (await warehouse.open(`${name}/cut`)).append([{ id: 0 }]);
      const broken = await cut.open(`${name}/cut`);
      Date.now = () => now() + late;
      const outcome = await broken.append([{ id: 1 }]).catch((error) => error);
      Date.now = now;
      equal(outcome.code, "commit-state-unknown", outcome.message);
      const asked = await (await warehouse.open(`${name}/cut`)).resolve(outcome.token);
      equal(asked, { committed: true, version: 3 });

      const gone = new Warehouse(s3({ ...options, fetch: async () => new Response("", { status: 503 }) }));
      await refused("unavailable", () => gone.open(path));
    },

    "after a fault of its own it goes on": async () => {
      if (isWorker) return;
      const strange = new Warehouse(
        s3({
          ...options,
          fetch: async () => ({
            get status() {
              throw new Error("boom");
            },
          }),
        }),
      );
      const waiting = table.scan({ filter: "level = 'load'" }).toArray();
      const failing = caught(() => strange.open(path));
      const [fault, other] = [await failing, await waiting.catch((error) => error)];
      equal([fault.code, fault.message.includes("boom")], ["internal", true], String(fault.stack));
      equal(other.code ?? other.length, other.code ? "internal" : 120);
      equal(await table.count({ filter: "level = 'load'" }), 120);
      await table[Symbol.asyncDispose]();
      equal(await table.count({ filter: "level = 'load'" }), 120);
    },
  };

  for (const [kind, make] of Object.entries({ memory, ...stores })) {
    steps[`tables in ${kind} work alike`] = async () => {
      const store = make();
      const own = await new Warehouse(store).create("a/t ü", { fields: [{ name: "id", type: "int" }, { name: "pad", type: "string" }] });
      await Promise.all([1, 2, 3].map(async (id) => (await new Warehouse(store).open("a/t ü")).append([{ id }])));
      equal(await own.refresh(), 4);
      equal(await ids(own), [1, 2, 3]);
      // More than one part of an upload.
      const noise = () => Array.from({ length: 24 }, () => Math.random().toString(36).slice(2)).join("");
      async function* much() {
        for (let i = 0; i < 60_000; i++) yield { id: 10 + i, pad: noise() };
      }
      await own.append(much());
      equal(await own.count({ filter: "id >= 10 and pad is not null" }), 60_000);
      await new Warehouse(store).dropTable("a/t ü");
      await refused("not-found", () => new Warehouse(store).open("a/t ü"));
    };
  }
  return steps;
}

/** Runs all steps; each as its sentence, and what went wrong. */
export async function run(host) {
  const results = [];
  for (const [sentence, step] of Object.entries(steps(host))) {
    const begun = Date.now();
    let error = null;
    try {
      await step();
    } catch (thrown) {
      error = String(thrown?.stack ?? thrown);
    }
    results.push({ sentence, error, millis: Date.now() - begun });
  }
  return results;
}
