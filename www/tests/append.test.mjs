import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Host, KEYS, open, param, warehouse } from "./host.mjs";

const SCHEMA = {
  fields: [
    { name: "id", type: "long", required: true },
    { name: "price", type: "decimal(9, 2)" },
    { name: "ratio", type: "double" },
    { name: "at", type: "timestamptz" },
    { name: "name", type: "string" },
    { name: "tags", type: { type: "list", element: "string" } },
    { name: "raw", type: "binary" },
    { name: "ok", type: "boolean" },
  ],
};
const host = new Host();
let endpoint, store, url, browser;

before(async () => {
  endpoint = await host.bucket("--public");
  store = warehouse(endpoint);
  [url, browser] = [await host.page(), await host.browser()];
});
after(() => host.close());

/** A window on a table's tab, with keys that may write. */
async function shown(name, { keys = true, ...options } = {}) {
  const page = await open(browser, url, {}, options);
  if (keys) await page.evaluate(([endpoint, keys]) => sessionStorage.setItem("datashard.keys", JSON.stringify({ [`${endpoint} s3://demo`]: keys })), [endpoint, KEYS]);
  await page.evaluate((hash) => (location.hash = hash), `#${new URLSearchParams({ address: `s3://demo/${name}`, endpoint, tab: "append" })}`);
  await page.reload();
  await page.waitForSelector("#records");
  return page;
}
const stored = (page) => page.locator("table.stored tbody tr").evaluateAll((rows) => rows.map((row) => [...row.cells].slice(1).map((cell) => cell.textContent)));
const problems = async (page) => {
  await page.waitForSelector("table.problems");
  return page.locator("table.problems tbody tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
};
const give = (page, name, contents) => page.setInputFiles(".file input", { name, mimeType: "application/octet-stream", buffer: Buffer.from(contents) });
async function commit(page) {
  await page.click("button.primary:enabled");
  await page.waitForSelector(".note.good");
  return page.textContent(".outcome");
}

test("records are typed, seen as they will be stored, and committed by keyboard alone", async () => {
  const table = await store.create("typed", SCHEMA);
  const page = await shown("typed");
  await page.focus("#tab-append");
  for (let i = 0; i < 6 && !(await page.evaluate(() => document.activeElement.id === "records")); i++) await page.keyboard.press("Tab");
  await page.keyboard.type('[{"id": 9007199254740993, "price": 12345.6, "tags": ["a", null], "at": "2026-11-21T09:30:00+02:00"}, {"id": 2}]');
  await page.waitForSelector("table.stored");
  assert.deepEqual((await stored(page))[0], ["9007199254740993", "12345.60", "null", "2026-11-21 07:30:00", "null", '["a",null]', "null", "null"]);
  for (let i = 0; i < 6 && !(await page.evaluate(() => document.activeElement.classList.contains("primary"))); i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".note.good");
  assert.match(await page.textContent(".outcome"), /Appended 2 rows as version 2.*1 attempt, 0 conflicts/);
  assert.ok(await page.evaluate(() => document.activeElement.classList.contains("outcome")));
  assert.match(await page.textContent(".facts"), /v2/);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".cell >> text=9007199254740993");
  await table.refresh();
  assert.deepEqual((await table.scan({ ordered: true }).toArray()).map(({ id, price }) => [id, price]), [[9007199254740993n, "12345.60"], [2n, null]]);
  assert.deepEqual(page.thrown, []);
  await page.context().close();
});

test("CSV becomes exactly what its columns' types say, with null apart from an empty text", async () => {
  const table = await store.create("csv", SCHEMA);
  const page = await shown("csv");
  const csv = 'name,id,price,ratio,at,tags,raw,ok\r\n"say ""x"",\ny",9223372036854775807,-0.05,0.1,2026-11-21 09:30:00.000001Z,"[""a""]",01ff,TRUE\r\n"",-1,,,,,,\r\n,+3,1,1e300,,,,false\r\n';
  await give(page, "rows.csv", csv);
  await page.waitForSelector("table.stored");
  assert.match(await page.textContent("h2:has-text('As it will')"), /3 rows of CSV/);
  await commit(page);
  await table.refresh();
  const rows = await table.scan({ ordered: true }).toArray();
  assert.deepEqual(rows, [
    { id: 9223372036854775807n, price: "-0.05", ratio: 0.1, at: "2026-11-21T09:30:00.000001Z", name: 'say "x",\ny', tags: ["a"], raw: new Uint8Array([1, 255]), ok: true },
    { id: -1n, price: null, ratio: null, at: null, name: "", tags: null, raw: null, ok: null },
    { id: 3n, price: "1.00", ratio: 1e300, at: null, name: null, tags: null, raw: null, ok: false },
  ]);
  await page.context().close();
});

test("what does not fit is named by row, column and value, and nothing can be appended", async () => {
  await store.create("wrong", SCHEMA);
  const page = await shown("wrong");
  const table = 'id,ratio,ok\n1.5,0.1,true\n2,0.12345678901234567890,maybe\n3,1\n,1,true\n99999999999999999999,,\n';
  await page.fill("#records", table);
  assert.deepEqual(await problems(page), [
    ["1", "id", '"1.5" does not fit type long exactly'],
    ["2", "ratio", '"0.12345678901234567890" does not fit type double exactly: it has more digits'],
    ["2", "ok", '"maybe" does not fit type boolean exactly: true or false is wanted'],
    ["3", "", "it has 2 fields, and the first line has 3"],
    ["4", "id", "null or nothing in a required field"],
    ["5", "id", '"99999999999999999999" does not fit type long exactly'],
  ]);
  assert.ok(await page.isDisabled("button.primary"));
  await page.fill("#records", '[{"id": 1}, {"id": "x"}, {"id": 3, "price": 0.001}, {"name": "no id"}, {"id": 5, "levl": 1}]');
  await page.waitForFunction(() => document.querySelectorAll("table.problems tbody tr").length === 4 && /levl/.test(document.querySelector("table.problems").textContent));
  const found = await problems(page);
  assert.deepEqual(found.map(([row, column]) => `${row} ${column}`), ["2 id", "3 price", "4 id", "5 levl"]);
  assert.match(found.find(([row]) => row === "3")[2], /^0\.001 does not fit type decimal\(9, 2\) exactly/);
  await page.fill("#records", '{"id": 1}\n{"id": 2,}\n');
  await page.waitForFunction(() => document.querySelectorAll("table.problems tbody tr").length === 1);
  assert.equal((await problems(page))[0][0], "2");
  await page.fill("#records", "id,levl\n1,2\n");
  await page.waitForFunction(() => /no such column/.test(document.querySelector("table.problems")?.textContent));
  assert.equal((await problems(page))[0][1], "levl");
  assert.ok(await page.isDisabled("button.primary"));
  await page.context().close();
});

test("a Parquet file is appended by the names of its columns, and one of other columns refused", async () => {
  const table = await store.create("file", SCHEMA);
  const source = await store.create("source", { fields: [{ name: "name", type: "string" }, { name: "id", type: "int" }] });
  await source.append([{ id: 7, name: "seven" }, { id: 8 }]);
  const page = await shown("file");
  await give(page, "rows.parquet", await source.scan().toParquet());
  await page.waitForSelector("table.stored");
  assert.equal((await stored(page))[0].filter((text) => text !== "null").join(), "7,seven");
  await commit(page);
  await table.refresh();
  assert.deepEqual((await table.scan({ ordered: true, select: ["id", "name"] }).toArray()), [{ id: 7n, name: "seven" }, { id: 8n, name: null }]);
  const other = await store.create("other", { fields: [{ name: "id", type: "long" }, { name: "level", type: "string" }] });
  await other.append([{ id: 1, level: "x" }]);
  await give(page, "other.parquet", await other.scan().toParquet());
  assert.deepEqual(await problems(page), [["all", "level", "the table has no such column"]]);
  await give(page, "large.csv", Buffer.alloc((16 << 20) + 1, "1\n"));
  await page.waitForSelector("text=large.csv is larger than 16 MiB");
  await give(page, "broken.parquet", "PAR1 but nothing else");
  await page.waitForFunction(() => /malformed/.test(document.querySelector("table.problems")?.textContent));
  await page.context().close();
});

test("a conflict with another writer is resolved, told, and loses nothing of either", async () => {
  const table = await store.create("raced", SCHEMA);
  const page = await shown("raced");
  await page.fill("#records", '{"id": 1, "name": "of the page"}');
  await page.waitForSelector("table.stored");
  // The page knows version 1, and somebody else puts version 2.
  await table.append([{ id: 2, name: "of another" }]);
  assert.match(await commit(page), /as version 3.*Another writer was faster once.*attempt 2.*2 attempts, 1 conflict/);
  assert.match(await page.textContent(".facts"), /v3/);
  await table.refresh();
  assert.deepEqual((await table.scan().toArray()).map(({ name }) => name).sort(), ["of another", "of the page"]);
  await page.context().close();
});

test("two windows append at once, and both appends are in the table once", async () => {
  const table = await store.create("windows", SCHEMA);
  const pages = await Promise.all([shown("windows"), shown("windows")]);
  for (let round = 0; round < 3; round++) {
    await Promise.all(pages.map(async (page, window) => {
      await page.fill("#records", `{"id": ${round * 2 + window}}`);
      await page.waitForSelector("table.stored");
    }));
    await Promise.all(pages.map(commit));
  }
  await table.refresh();
  assert.deepEqual((await table.scan().toArray()).map(({ id }) => id).sort(), [0n, 1n, 2n, 3n, 4n, 5n]);
  for (const page of pages) {
    assert.deepEqual(page.thrown, []);
    await page.context().close();
  }
});

test("a store that refuses to write says which keys are wanted, and the records stay while they are given", async () => {
  const table = await store.create("refused", SCHEMA);
  const page = await shown("refused", { keys: false });
  await page.fill("#records", '{"id": 1}');
  await page.waitForSelector("table.stored");
  await page.click("button.primary:enabled");
  await page.waitForSelector("text=The store does not let these keys write");
  await page.fill('.outcome [name="accessKeyId"]', KEYS.accessKeyId);
  await page.fill('.outcome [name="secretAccessKey"]', KEYS.secretAccessKey);
  await page.click("text=Use these keys");
  await page.waitForSelector("table.stored");
  assert.equal(await page.inputValue("#records"), '{"id": 1}');
  await commit(page);
  assert.equal(param(page, "tab"), "append");
  assert.ok(!page.url().includes(KEYS.secretAccessKey));
  await table.refresh();
  assert.equal(await table.count(), 1);
  await page.context().close();
});

test("an append whose answer is never heard is offered to be resolved, and is in the table once", async () => {
  const table = await store.create("unheard", SCHEMA);
  const page = await shown("unheard");
  // The library's patience is of minutes: the clock of its worker is a hundred times as fast.
  await page.context().route("**/worker-host*.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `const real = Date.now, from = real(); Date.now = () => from + (real() - from) * 100;\n${await response.text()}` });
  });
  await page.reload();
  await page.fill("#records", '{"id": 1}');
  await page.waitForSelector("table.stored");
  // The answer to the commit is lost, and then the keys are taken away.
  let isCut = false;
  await page.context().route(/\/unheard\/metadata\/v2\.metadata\.json/, async (route) => {
    if (isCut) return route.fulfill({ status: 403, headers: { "access-control-allow-origin": "*" }, body: "<Error><Code>AccessDenied</Code></Error>" });
    if (route.request().method() !== "PUT") return route.continue();
    isCut = true;
    await route.fetch();
    return route.abort();
  });
  await page.click("button.primary:enabled");
  await page.waitForSelector("text=It is not known whether the rows are in the table");
  assert.ok(await page.isDisabled("button.primary:has-text('Append')"));
  await page.context().unroute(/\/unheard\/metadata\/v2\.metadata\.json/);
  await page.click("text=Resolve >> nth=-1");
  await page.waitForSelector("text=The rows are in the table, since version 2");
  await page.waitForSelector(".facts >> text=v2");
  await table.refresh();
  assert.equal(await table.count(), 1);
  await page.context().close();
});
