// What the module does in every JavaScript host, each step by a sentence. Runs in Node and in a page alike, so it
// imports nothing. The steps run in order; each returns nothing, or throws.

const SCHEMA = {
  fields: [
    { name: "id", type: "long", required: true },
    { name: "level", type: "string" },
    { name: "at", type: "timestamptz" },
    { name: "ratio", type: "double" },
    { name: "price", type: "decimal(12, 2)" },
    { name: "raw", type: "binary" },
    { name: "tags", type: { type: "list", element: "string" } },
    { name: "counts", type: { type: "map", key: "string", value: "long" } },
    { name: "place", type: { type: "struct", fields: [{ name: "city", type: "string", required: true }] } },
  ],
};

const AT = new Date("2026-11-01T09:30:00.250Z");

const FIRST = {
  id: 9007199254740993n,
  level: "warn",
  at: AT,
  ratio: -0,
  price: "14.20",
  raw: new Uint8Array([0, 1, 255]),
  tags: ["a", null, "Ü"],
  counts: new Map([["x", 1n]]),
  place: { city: "Ulm" },
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

async function thrown(promise, code) {
  let error;
  try {
    await promise();
  } catch (caught) {
    error = caught;
  }
  if (!(error instanceof Error)) throw new Error(`nothing was thrown, ${code} was expected`);
  equal([error.name, error.code], ["DataShardError", code], error.message);
  return error.message;
}

/**
 * `host` has the package as `plain.mjs` makes it, flechette's `tableFromIPC` and `tableToIPC`, the bucket's `options`, a `name`, and
 * `questions` with their answers.
 */
export function steps({ Warehouse, flechette, options, name, noCors, questions }) {
  const rows = (ipc) => flechette.tableFromIPC(ipc, { useBigInt: true }).toArray();
  const ids = (ipc) => rows(ipc).map((row) => row.id).sort((a, b) => (a < b ? -1 : 1));
  const warehouse = Warehouse.s3(options);
  const path = `${name}/events`;
  let first, table;

  return {
    "a table is created from a schema without ids": async () => {
      table = await warehouse.create(path, SCHEMA, { properties: { "write.parquet.compression-codec": "zstd" } });
      equal(await table.version(), 1);
      equal((await table.schema()).fields.map((field) => field.id), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
      equal(await table.snapshots(), []);
      equal(rows(await table.scan()), []);
      await thrown(() => warehouse.create(path, SCHEMA), "already-exists");
      equal(await (await warehouse.create(path, SCHEMA, { orOpen: true })).version(), 1);
    },

    "records of every type come back as they were": async () => {
      first = await table.append([FIRST, { id: 1 }, { id: 2, level: "info", ratio: NaN, at: "2026-11-01T11:30:00.25+02:00" }]);
      equal([first.version, first.rows, typeof first.snapshotId], [2, 3, "bigint"]);
      const [one] = rows(await table.scan({ filter: "id = 9007199254740993" }));
      equal([one.id, one.level, one.ratio, one.raw, [...one.tags], one.place], [FIRST.id, "warn", -0, FIRST.raw, FIRST.tags, FIRST.place]);
      equal([...one.counts], [["x", 1n]]);
      const [two] = rows(await table.scan({ select: ["ratio", "at"], filter: "id = 2" }));
      equal([two.ratio, Number(two.at)], [NaN, Number(one.at)]);
      equal(Number(one.at), Number(AT), "the time");
    },

    "a value that does not fit is refused with its row and column": async () => {
      const refused = (row) => thrown(() => table.append([{ id: 7 }, row]), "invalid-input");
      equal(await refused({ id: 1.5 }), "row 1, column `id`: 1.5 does not fit type long exactly");
      equal(await refused({ id: 2 ** 60 }), "row 1, column `id`: 1.152921504606847e+18 does not fit type long exactly");
      equal(await refused({ id: NaN }), "row 1, column `id`: NaN is no number of such a column");
      equal(await refused({ id: 1, level: AT }), "row 1, column `level`: a Date is a point in time, and does not fit type string: give a text");
      equal(await refused({ id: 1, level: "\ud800" }), "row 1, column `level`: a text with half of a surrogate pair has no UTF-8");
      equal(await refused({ id: 1, at: new Date(NaN) }), "row 1, column `at`: an invalid Date");
      equal(await refused({ id: 1, place: { city: () => 1 } }), "row 1, column `place.city`: a function is no value");
      const loop = {};
      loop.loop = loop;
      equal((await refused({ id: 1, place: loop })).endsWith("objects nest too deep"), true);
      equal(await refused({ id: 1, colour: "red" }), "row 1, column `colour`: the table has no such column");
      await thrown(() => table.append({ id: 1 }), "invalid-input");
      equal(await table.refresh(), 2);
    },

    "three writers append at the same time and nothing is lost": async () => {
      const attempts = await Promise.all(
        [0, 1, 2].map(async (writer) => {
          const own = await Warehouse.s3(options).open(path);
          let attempts = 0;
          for (let i = 0; i < 4; i++) {
            const base = 1000 * (writer + 1) + 10 * i;
            const receipt = await own.append(Array.from({ length: 10 }, (_, k) => ({ id: base + k, level: "load" })));
            attempts += receipt.attempts;
          }
          return attempts;
        }),
      );
      equal(attempts.every((count) => count >= 4), true);
      equal(await table.refresh(), 14);
      const all = ids(await table.scan({ select: ["id"], filter: "level = 'load'" }));
      const wanted = [0, 1, 2].flatMap((w) => [0, 1, 2, 3].flatMap((i) => Array.from({ length: 10 }, (_, k) => BigInt(1000 * (w + 1) + 10 * i + k))));
      equal(all, wanted);
      equal([await table.count(), await table.count({ filter: "level = 'load' and id >= 3000" })], [123, 40]);
    },

    "a scan selects, filters and limits": async () => {
      const found = rows(await table.scan({ select: ["level", "id"], filter: "id in (1010, 1011, 5)" }));
      equal(found.map((row) => Object.keys(row)), [["level", "id"], ["level", "id"]]);
      equal(rows(await table.scan({ limit: 5 })).length, 5);
      const none = flechette.tableFromIPC(await table.scan({ select: ["id", "level"], filter: "id = -1" }));
      equal([none.numRows, none.names], [0, ["id", "level"]]);
    },

    "a stream brings the same rows batch by batch, and stops": async () => {
      let count = 0;
      for await (const ipc of table.stream({ select: ["id"], batchRows: 4, filter: "level = 'load'" })) {
        const batch = rows(ipc);
        equal(batch.length <= 4, true);
        count += batch.length;
      }
      equal(count, 120);
      const scan = table.stream();
      const stopped = scan[Symbol.asyncIterator]();
      await stopped.next();
      equal([scan.report.rows > 0, scan.report.files > 0], [true, true]);
      const waiting = stopped.next();
      await stopped.return();
      equal([(await waiting).done, (await stopped.next()).done], [true, true]);
    },

    "earlier snapshots are read by id and by time": async () => {
      const [oldest, ...later] = await table.snapshots();
      equal([oldest.snapshotId, oldest.operation, oldest.summary["added-records"], later.length], [first.snapshotId, "append", "3", 12]);
      equal(rows(await table.scan({ snapshotId: first.snapshotId })).length, 3);
      equal(await table.count({ snapshotId: String(first.snapshotId) }), 3);
      equal(await table.count({ asOf: (await table.snapshots()).at(-1).timestamp }), 123);
      equal(await table.count({ ref: "main" }), 123);
      await thrown(() => table.scan({ asOf: new Date(0) }), "not-found");
      await thrown(() => table.scan({ snapshotId: 1n }), "not-found");
    },

    "Arrow IPC is appended, and malformed IPC is refused": async () => {
      const batch = flechette.tableFromArrays({ id: [-1n, -2n], level: ["ipc", null] }, { types: { id: flechette.int64(), level: flechette.utf8() } });
      const ipc = flechette.tableToIPC(batch, { format: "stream" });
      equal((await table.appendIpc(ipc)).rows, 2);
      equal(ids(await table.scan({ filter: "id < 0" })), [-2n, -1n]);
      equal((await thrown(() => table.appendIpc(ipc.subarray(0, 99)), "invalid-input")).includes("cut off"), true);
      const heap = await Warehouse.memory().create("t", { fields: SCHEMA.fields.slice(0, 2) });
      for (let at = 0; at < ipc.length; at++) {
        const damaged = ipc.slice();
        damaged[at] ^= 0xff;
        await heap.appendIpc(damaged).catch((error) => equal(error.name, "DataShardError", error.message));
      }
    },

    "mistakes are told apart by their code": async () => {
      const message = await thrown(() => table.scan({ filter: "colour = 'red'" }), "invalid-input");
      equal(message.includes("colour"), true, message);
      await thrown(() => table.scan({ select: ["colour"] }), "invalid-input");
      await thrown(() => table.scan({ filter: "id >" }), "invalid-input");
      await thrown(() => table.scan({ fliter: "id > 1" }), "invalid-input");
      await thrown(() => table.resolve("nonsense"), "invalid-input");
      await thrown(() => warehouse.open(`${name}/nothing`), "not-found");
      await thrown(() => warehouse.create(`${name}/bad`, { fields: [{ name: "x", type: "varchar" }] }), "invalid-input");
      await thrown(() => Warehouse.s3({ ...options, secretAccessKey: undefined }), "invalid-input");
      const denied = await thrown(() => Warehouse.s3({ ...options, secretAccessKey: "wrong-secret" }).open(path), "permission-denied");
      equal(denied.includes("wrong-secret"), false, denied);
    },

    "credentials and fetch may be functions": async () => {
      const { accessKeyId, secretAccessKey, ...rest } = options;
      let asked = 0;
      let sent = 0;
      const own = Warehouse.s3({
        ...rest,
        credentials: async () => {
          asked += 1;
          return { accessKeyId, secretAccessKey, expiration: new Date(Date.now() + 3_600_000) };
        },
        fetch: (url, init) => {
          sent += 1;
          return fetch(url, init);
        },
      });
      equal((await (await own.open(path)).scan({ limit: 1 })).length > 0, true);
      equal([asked, sent > 3], [1, true]);
      const refusing = Warehouse.s3({ ...rest, credentials: () => Promise.reject(new Error("signed out")) });
      equal((await thrown(() => refusing.open(path), "permission-denied")).includes("signed out"), true);
    },

    "tables in memory work alike": async () => {
      const memory = Warehouse.memory();
      const table = await memory.create("t", { fields: [{ name: "id", type: "int" }] });
      await Promise.all([1, 2, 3].map((id) => table.append([{ id }])));
      equal(ids(await (await memory.open("t")).scan()), [1, 2, 3]);
      await memory.dropTable("t");
      await thrown(() => memory.open("t"), "not-found");
    },

    "what was appended natively is read": async () => {
      const native = await warehouse.open("native");
      equal(ids(await native.scan({ filter: "level is not null" })), [1n, 9007199254740993n]);
      equal((await native.append([{ id: 50, level: name }])).rows, 1);
    },

    "tables of Spark are read as natively: deletes, lineage, evolution, time travel, changes and what they are made of": async () => {
      const lines = (ipc) => rows(ipc).map(show).sort();
      const tables = new Map();
      let compared = 0;
      for (const { table, method, arguments: given, answer } of questions) {
        if (!tables.has(table)) tables.set(table, await warehouse.open(table));
        const found = await tables.get(table)[method](...given);
        const wanted = Uint8Array.from(atob(answer), (char) => char.charCodeAt(0));
        const what = `${table}.${method}(${JSON.stringify(given)})`;
        const columns = (ipc) => flechette.tableFromIPC(ipc).schema.fields.map(({ name, type }) => [name, type.typeId]);
        equal(columns(found), columns(wanted), what);
        equal(lines(found), lines(wanted), what);
        if (given[0].ordered) equal(rows(found), rows(wanted), what);
        compared += 1;
      }
      equal(compared > 150, true);
    },

    "a plan tells counts, bounds and partitions, and is read partition by partition": async () => {
      const table = await warehouse.open("wh/db/v1_cow");
      const plan = await table.plan({ select: ["id"] });
      const all = await plan.files();
      equal(all.length, 28);
      const { files, manifests } = await plan.report();
      equal([await plan.exactCount(), files, manifests], [128, 28, 4]);
      equal(await plan.exactBounds("id"), { min: 1n, max: 149n });
      await thrown(() => plan.exactBounds("colour"), "invalid-input");
      const partitions = await plan.partitions();
      equal(partitions.length, 26);
      const counts = await Promise.all(partitions.map((part) => part.exactCount()));
      equal(counts.reduce((sum, count) => sum + count, 0), 128);
      let count = 0;
      for (const part of partitions) {
        equal(Object.keys(await part.partition()), ["ts_day", "id_bucket"]);
        for await (const ipc of part.scan()) count += rows(ipc).length;
      }
      equal([count, await plan.partition()], [128, undefined]);
      const some = await table.plan({ filter: "id = 7" });
      equal([await some.exactCount(), (await some.report()).filesSkipped > 20], [undefined, true]);
      const morFiles = await (await (await warehouse.open("wh/db/v2_mor")).plan()).files();
      const deletes = morFiles.flatMap((file) => file.deleteFiles);
      equal(deletes.length > 0 && deletes.every((path) => path.endsWith(".parquet")), true);
    },

    "a table is opened by a metadata file, and files elsewhere where that is allowed": async () => {
      const table = await warehouse.open("wh/db/v2_mor");
      const file = `wh/db/v2_mor/metadata/v${await table.version()}.metadata.json`;
      const pinned = await warehouse.allow(`s3://${options.bucket}/elsewhere`, "s3://other/elsewhere").openMetadata(file);
      equal(await pinned.count(), await table.count());
      await thrown(() => pinned.append([{ id: 1 }]), "unsupported");
      await thrown(() => warehouse.openMetadata("wh/db/v2_mor/metadata/nothing.json"), "not-found");
      await thrown(() => warehouse.allow("s3://another-bucket/x").open("wh/db/v2_mor"), "invalid-input");
    },

    "new snapshots are followed, and their rows are read": async () => {
      const memory = Warehouse.memory();
      const table = await memory.create("t", { fields: [{ name: "id", type: "int" }] });
      await table.append([{ id: 0 }]);
      const reader = await memory.open("t");
      const tail = reader.tail(5);
      for (let id = 1; id < 4; id++) {
        const [{ value: snapshot }, receipt] = await Promise.all([tail.next(), table.append([{ id }])]);
        equal([snapshot.snapshotId, snapshot.operation], [receipt.snapshotId, "append"]);
        equal(ids(await reader.scan({ snapshotId: snapshot.snapshotId, appendsSince: snapshot.parentSnapshotId })), [id]);
      }
      equal(rows(await reader.scan({ changesSince: null })).map((row) => row._change_ordinal).sort(), [0, 1, 2, 3]);
      await thrown(() => reader.scan({ appendsSince: null, changesSince: null }), "invalid-input");
      await thrown(() => reader.scan({ appendsSince: 12n }), "invalid-input");
      await thrown(() => reader.inspect("colours"), "invalid-input");
      const waiting = tail.next();
      await new Promise((resolve) => setTimeout(resolve));
      await tail.return();
      const end = { done: true, value: undefined };
      equal([await waiting, await tail.next()], [end, end]);
    },

    "a bucket that does not let the page in is unavailable, with the reason": async () => {
      if (!noCors) return;
      const message = await thrown(() => Warehouse.s3({ ...options, endpoint: noCors }).open(path), "unavailable");
      equal(message.includes("CORS") && message.includes(globalThis.origin), true, message);
      equal(message.includes("X-Amz"), false, message);
    },
  };
}
