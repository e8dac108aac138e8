import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

let server, load;

before(async () => {
  const root = fileURLToPath(new URL("..", import.meta.url));
  server = await createServer({ root, configFile: `${root}/vite.config.ts`, logLevel: "error", server: { middlewareMode: true, ws: false }, appType: "custom" });
  load = (path) => server.ssrLoadModule(`/src/${path}`);
});
after(() => server.close());

test("long ids outlive JSON, as texts where they are read and as they are where they are shown", async () => {
  const { parseExact, indented } = await load("lib/json.ts");
  const json = '{"id":6096200201571731012,"text":"6096200201571731012","list":[-9223372036854775808,1.5e300,12],"quote":"a\\"6096200201571731012"}';
  assert.deepEqual(parseExact(json), { id: "6096200201571731012", text: "6096200201571731012", list: ["-9223372036854775808", 1.5e300, 12], quote: 'a"6096200201571731012' });
  assert.equal(indented(json).replaceAll(/\n\s*/g, "").replaceAll('": ', '":'), json.replace("1.5e300", "1.5e+300"));
});

test("ten million rows have a scrollbar, each row is reached, and a step is a step", async () => {
  const { Scroll } = await load("data/scroll.ts");
  const [rows, view] = [10_000_000 * 26, 600];
  const scroll = new Scroll(rows, view, 0);
  assert.ok(scroll.isScaled && scroll.height < 10_000_000);
  scroll.moved(scroll.height - view);
  assert.equal(scroll.offset, rows - view);
  const top = scroll.to(5_000_000 * 26 + 3);
  scroll.moved(top);
  assert.equal(scroll.offset, 5_000_000 * 26 + 3);
  scroll.to(scroll.offset + 26);
  assert.equal(scroll.offset, 5_000_001 * 26 + 3);
});

test("rows are ordered by the values of a column, with nulls last both ways", async () => {
  const { orderBy } = await load("data/order.ts");
  const sorted = (type, values, isDescending) => values.map((v) => ({ v })).sort(orderBy("v", type, isDescending)).map(({ v }) => v);
  assert.deepEqual(sorted("long", [2n, null, 10n, -1n], false), [-1n, 2n, 10n, null]);
  assert.deepEqual(sorted("decimal(9, 2)", ["9.50", "-10.25", null, "10.00"], true), ["10.00", "9.50", "-10.25", null]);
  assert.deepEqual(sorted("double", [NaN, 2, null, -Infinity], true), [2, -Infinity, NaN, null]);
});

test("a name is completed at the caret, and quoted where it must be", async () => {
  const { complete, insert } = await load("data/completion.ts");
  const fields = [{ name: "level", type: "string" }, { name: "my level", type: "string" }, { name: "at", type: { type: "struct", fields: [{ name: "lev", type: "int" }] } }];
  assert.deepEqual(complete("a = 1 and lev", 13, fields).map(({ text }) => text), ["level", "my level", "at.lev"]);
  assert.deepEqual(complete("a = 'lev", 8, fields), []);
  assert.equal(insert("lev = 1", 3, { text: "my level", kind: "string" }).text, '"my level" = 1');
});

test("schemas are compared by the ids of fields", async () => {
  const { changes } = await load("schema/changes.ts");
  const before = [{ id: 1, name: "a", type: "int" }, { id: 2, name: "b", type: "string" }, { id: 3, name: "s", type: { type: "struct", fields: [{ id: 4, name: "x", type: "float" }] } }];
  const after = [{ id: 1, name: "c", type: "long" }, { id: 3, name: "s", type: { type: "struct", fields: [{ id: 4, name: "x", type: "double" }, { id: 5, name: "y", type: "int" }] } }];
  assert.deepEqual(changes(before, after).map(({ kind, text }) => `${kind} ${text}`), ["renamed a → c", "changed c: int → long", "changed s.x: float → double", "added s.y: int", "dropped b"]);
});

test("CSV tells null from an empty text, and quotes what must be", async () => {
  const { csvLine } = await load("lib/csv.ts");
  const row = { a: null, b: "", c: 'say "x", y', d: 9007199254740993n, e: new Map([["k", [1n, null]]]), f: new Uint8Array([1, 255]) };
  assert.equal(csvLine(Object.keys(row), row), ',"","say ""x"", y",9007199254740993,"{""k"":[1,null]}",01ff\r\n');
});

test("a value is shown as exactly as it is", async () => {
  const { aligned, timeText, cellText } = await load("lib/values.ts");
  assert.equal(timeText("2026-11-21T18:48:06.897000Z"), "2026-11-21 18:48:06.897");
  assert.equal(timeText("2026-11-21T18:48:06.000000"), "2026-11-21 18:48:06");
  assert.equal(timeText("2026-11-21T18:48:06.000000001Z"), "2026-11-21 18:48:06.000000001");
  assert.equal(aligned(21, 2), "21\u2008\u2007\u2007");
  assert.equal(aligned(1e300, 2), "1e+300");
  assert.equal(cellText({ ["__proto__"]: 1n, b: new Uint8Array([10]) }), '{"__proto__":1,"b":"0a"}');
});
