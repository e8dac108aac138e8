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

test("CSV is taken apart as its quotes say, and a line that is no CSV is named", async () => {
  const { parseCsv } = await load("append/csv.ts");
  const texts = (csv) => parseCsv(csv).map((line) => line.map(({ text, isQuoted }) => (isQuoted ? `<${text}>` : text)));
  assert.deepEqual(texts('\u{feff}a,b\r\n1,"x ""y"", \n z"\n,""\r3,'), [["a", "b"], ["1", '<x "y", \n z>'], ["", "<>"], ["3", ""]]);
  assert.deepEqual(texts("a;b\n1,5;2\n\n3;4"), [["a", "b"], ["1,5", "2"], ["3", "4"]]);
  assert.deepEqual(texts("a\n1\n\n2\n"), [["a"], ["1"], [""], ["2"]]);
  assert.deepEqual(texts("a\tb\n1\t2"), [["a", "b"], ["1", "2"]]);
  assert.throws(() => parseCsv('a,b\n1,"x'), /line 2: a quote is never closed/);
  assert.throws(() => parseCsv('a,b\n1,x"y'), /line 2: a quote stands inside/);
  assert.throws(() => parseCsv('a,b\n"1"x,2'), /line 2: something follows/);
});

test("a field of CSV is the same value in its column, or an error", async () => {
  const { convert } = await load("append/convert.ts");
  const plain = (text, type) => convert({ text, isQuoted: false }, type);
  assert.equal(plain("", "string"), null);
  assert.equal(convert({ text: "", isQuoted: true }, "string"), "");
  assert.equal(plain("-9223372036854775808", "long"), -9223372036854775808n);
  assert.equal(plain("+7", "int"), 7n);
  assert.equal(plain("1e3", "double"), 1000);
  assert.equal(plain("0.10", "double"), 0.1);
  assert.equal(plain("100000000000000000000", "double"), 1e20);
  assert.ok(Number.isNaN(plain("NaN", "float")));
  assert.equal(plain("-Infinity", "double"), -Infinity);
  assert.equal(plain("123456789012345678.90", "decimal(20, 2)"), "123456789012345678.90");
  assert.equal(plain("2026-11-21 09:30:00Z", "timestamptz"), "2026-11-21T09:30:00Z");
  assert.deepEqual(plain("00fF", "binary"), new Uint8Array([0, 255]));
  assert.deepEqual(plain('{"a": [9007199254740993, 0.12345678901234567890]}', { type: "struct", fields: [] }), { a: [9007199254740993n, "0.12345678901234567890"] });
  for (const [text, type] of [["1.0", "int"], ["1e3", "long"], ["", "int"], ["0x10", "long"], ["9007199254740993", "double"], ["0.1234567890123456789", "double"], ["1e999", "double"], ["yes", "boolean"], ["0", "boolean"], ["abc", "binary"], ["{", { type: "list", element: "int" }]]) {
    const given = { text, isQuoted: text === "" };
    assert.throws(() => convert(given, type), (error) => error.message.includes(JSON.stringify(text)), `${text} as ${type}`);
  }
});

test("no number of JSON loses a digit", async () => {
  const { parseAll, isExact } = await load("lib/exact.ts");
  const json = '{"long": -9223372036854775808, "safe": 9007199254740991, "deep": [0.1, 1.50, 1e2, 12345678901234567.89], "text": "9007199254740993", "\\u0061": 1e400}';
  assert.deepEqual(parseAll(json), { long: -9223372036854775808n, safe: 9007199254740991, deep: [0.1, 1.5, 100, "12345678901234567.89"], text: "9007199254740993", a: "1e400" });
  for (const wrong of ["[1-2]", "[01]", "[1.]", "[+1]", "[12345678901234567890-1]", '["x 12345678901234567890]']) assert.throws(() => parseAll(wrong), SyntaxError, wrong);
  assert.ok(["0", "-0", "0.0", "1e300", "5e-324", "0.30", "123e-2"].every(isExact));
  assert.ok(!["0.1000000000000000055511151231257827", "9007199254740993", "1e-400", "4.9e-324"].some(isExact));
});

test("tiles cover the map by their weights, and none is a sliver", async () => {
  const { squarify } = await load("files/treemap.ts");
  const weights = [40, 20, 20, 10, 5, 3, 1, 1];
  const tiles = squarify(weights, 3);
  tiles.forEach(({ width, height }, index) => assert.ok(Math.abs(width * height - weights[index] / 100) < 1e-9));
  assert.ok(tiles.every(({ x, y, width, height }) => x >= 0 && y >= 0 && x + width <= 1 + 1e-9 && y + height <= 1 + 1e-9));
  assert.ok(tiles.every(({ width, height }) => Math.max((width * 3) / height, height / (width * 3)) < 5));
  assert.deepEqual(squarify([], 3), []);
});

test("the settings of a race are what the link says, if that can be chosen", async () => {
  const { readSettings, writeSettings, random } = await load("live/settings.ts");
  assert.equal(writeSettings(readSettings("")), "");
  assert.equal(writeSettings(readSettings("4.30.150.15.0.2.77")), "4.30.150.15.0.2.77");
  assert.deepEqual(readSettings("1000.x.-3.1e9.5.5.1.5"), { ...readSettings(""), seed: 1 });
  assert.deepEqual(Array.from({ length: 3 }, random(5)), Array.from({ length: 3 }, random(5)));
});

test("a request is told by what came before it", async () => {
  const { kindOf } = await load("live/requests.ts");
  const version = "/memory/race/metadata/v2.metadata.json";
  assert.equal(kindOf("PUT", version, undefined), "version");
  assert.equal(kindOf("PUT", version, "fine"), "proof");
  assert.equal(kindOf("PUT", version, "lost"), "version");
  assert.equal(kindOf("GET", version, "conflict"), "rebase");
  assert.equal(kindOf("GET", version, "lost"), "back");
  assert.equal(kindOf("GET", version, undefined), "read");
  assert.equal(kindOf("PUT", "/memory/race/data/x-0.parquet", undefined), "data");
  assert.equal(kindOf("PUT", "/memory/race/metadata/x-m0.avro", undefined), "manifest");
  assert.equal(kindOf("PUT", "/memory/race/metadata/version-hint.text", undefined), "hint");
});

test("the bucket's rule lets a page write where it wants to", async () => {
  const { corsRule } = await load("lib/advice.ts");
  const [reading] = JSON.parse(corsRule("https://page.example"));
  const [writing] = JSON.parse(corsRule("https://page.example", { isWriting: true }));
  assert.deepEqual([reading.AllowedMethods, reading.AllowedHeaders], [["GET", "HEAD"], ["range"]]);
  assert.ok(["PUT", "POST", "DELETE"].every((method) => writing.AllowedMethods.includes(method)));
  assert.ok(["if-none-match", "authorization", "x-amz-date"].every((header) => writing.AllowedHeaders.includes(header)));
});

test("the folder of a table's metadata is a URL where that is plain", async () => {
  const { metadataFolder } = await load("lib/address.ts");
  const of = (address, endpoint = "") => metadataFolder({ address, endpoint, region: "" });
  assert.equal(of("s3://demo/logs/", "http://127.0.0.1:9000/"), "http://127.0.0.1:9000/demo/logs/metadata");
  assert.equal(of("https://data.example/a/b"), "https://data.example/a/b/metadata");
  for (const other of ["s3://demo/logs", "s3://demo/a b", "https://data.example/a?b", "https://user:key@data.example/a/b"]) assert.equal(of(other, ""), undefined, other);
});

test("JSON is put on few lines, with every value as it was", async () => {
  const { readable } = await load("lib/json.ts");
  const json = JSON.stringify({ list: Array.from({ length: 30 }, (_, i) => ({ size: i, name: `n${i}`, of: [1, null, "a,b"] })), empty: {}, rows: 1 }).replace('"rows":1', '"rows":6096200201571731012');
  const text = readable(json);
  assert.deepEqual(text.split("\n").slice(0, 5), ["{", '  "rows": 6096200201571731012,', '  "list": [', '    { "name": "n0", "size": 0, "of": [1, null, "a,b"] },', '    { "name": "n1", "size": 1, "of": [1, null, "a,b"] },']);
  assert.deepEqual(JSON.parse(text), JSON.parse(json));
  assert.equal(readable('"text"'), '"text"');
});
