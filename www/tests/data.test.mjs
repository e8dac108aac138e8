import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { rowsOf } from "datashard";
import { Host, logs, open, param } from "./host.mjs";

const host = new Host();
let table, view, url, browser, page, total, files;

before(async () => {
  ({ table, view, url, browser } = await logs(host, 6_000));
  [total, files] = [await table.count(), (await table.inspect("files")).length];
});
after(() => host.close());

const shown = async (more = {}) => {
  await page?.context().close();
  page = await open(browser, url, { ...view, ...more });
  await page.waitForSelector(".cell.text, .cell.number");
};
const count = (rows) => rows.toLocaleString("en-US");
const said = () => page.textContent(".said");
const cell = (row, column) => page.locator(`[aria-rowindex="${row + 2}"] [aria-colindex="${column}"]`);

test("the first rows show, and headings what files say of each column", async () => {
  await shown();
  const [first] = await table.scan({ ordered: true, limit: 1 }).toArray();
  assert.equal(await cell(0, 2).textContent(), first.level);
  assert.equal(await cell(0, 8).textContent(), first.message);
  const heading = page.locator('[role="columnheader"][aria-colindex="5"]');
  await heading.locator(".range", { hasText: "…" }).waitFor();
  assert.equal(await heading.locator(".range").textContent(), "200 … 504");
  assert.match(await heading.textContent(), /status.*int.*null/);
  await page.waitForFunction((files) => document.querySelector(".status").textContent.includes(`${files} files`), files);
  assert.match(await page.textContent(".status"), /\d+ requests.*kB/);
  assert.deepEqual(page.thrown, []);
});

test("at first only those files are read that the screen needs", async () => {
  await shown();
  const requests = Number(/(\d+) requests/.exec(await page.textContent(".status"))[1]);
  // Three for the head, the manifest list, manifests, which are counted behind the first rows, and a few data files.
  assert.ok(requests <= 3 + 1 + files + 5, `${requests} requests`);
});

test("the end of the table is reached, row by row the same as the table's", async () => {
  await shown();
  // How many rows there are is known soon after the first.
  await page.waitForFunction((rows) => document.querySelector(".said").textContent.includes(rows), `of ${count(total)} rows`);
  await page.focus(".grid");
  await page.keyboard.press("Control+End");
  await page.waitForFunction(() => document.querySelector(".said").textContent.startsWith("All"));
  assert.equal(await said(), `All ${count(total)} rows are here`);
  assert.equal(await page.getAttribute(".grid", "aria-rowcount"), String(total + 1));
  const all = await table.scan({ ordered: true }).toArray();
  await cell(total - 1, 8).filter({ hasText: all.at(-1).message }).waitFor();
  await page.evaluate(() => (document.querySelector(".grid").scrollTop = 3_000 * 26));
  await cell(3_005, 8).filter({ hasText: all[3_005].message }).waitFor();
  assert.deepEqual(page.thrown, []);
});

test("a filter is completed, checked while it is typed, and applied", async () => {
  await shown();
  await page.keyboard.press("/");
  await page.keyboard.type("lev");
  await page.waitForSelector('[role="option"]');
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.inputValue('[role="combobox"]'), "level ");
  await page.keyboard.type("= ");
  await page.waitForSelector(".problem");
  assert.match(await page.textContent(".problem"), /a literal was expected/);
  await page.keyboard.type("'error'");
  await page.waitForFunction(() => /Reads \d+ of \d+ files/.test(document.querySelector(".verdict")?.textContent));
  await page.keyboard.press("Enter");
  const errors = await table.count({ filter: "level = 'error'" });
  await page.waitForFunction((count) => document.querySelector(".said")?.textContent === `All ${count} rows are here`, errors);
  assert.equal(param(page, "filter"), "level = 'error'");
  assert.deepEqual([...new Set(await page.locator('[role="gridcell"][aria-colindex="2"]').allTextContents())], ["error"]);
});

test("a filter that no row passes says so", async () => {
  page = await open(browser, url, { ...view, filter: "status = 299" });
  await page.waitForFunction(() => document.querySelector(".said")?.textContent === "No row passes the filter");
});

test("sorting reads all rows, and says so", async () => {
  await shown();
  await page.click('[role="columnheader"][aria-colindex="6"]');
  await page.waitForFunction(() => document.querySelector(".said")?.textContent.startsWith("Sorted"));
  assert.equal(await said(), `Sorted by duration over all ${count(total)} rows`);
  const largest = (await table.scan({ select: ["duration"] }).toArray()).map(({ duration }) => duration).sort((a, b) => b - a);
  assert.equal(Number(await cell(0, 6).textContent()), largest[0]);
  assert.equal(Number(await cell(5, 6).textContent()), largest[5]);
  assert.equal(await page.getAttribute('[role="columnheader"][aria-colindex="6"]', "aria-sort"), "descending");
  assert.equal(param(page, "sort"), "-duration");
});

test("a link brings back filter, columns, order and snapshot", async () => {
  const snapshots = await table.snapshots();
  const snapshot = snapshots[9].snapshotId;
  const link = new URLSearchParams({ ...view, filter: "level != 'info'", sort: "-bytes", snapshot: String(snapshot) });
  for (const column of ["level", "bytes"]) link.append("column", column);
  page = await open(browser, url, link);
  const wanted = await table.count({ filter: "level != 'info'", snapshotId: snapshot });
  await page.waitForFunction(() => document.querySelector(".said")?.textContent.startsWith("Sorted"));
  assert.equal(await said(), `Sorted by bytes over all ${count(wanted)} rows`);
  assert.deepEqual(await page.locator('[role="columnheader"] b').allTextContents(), ["level", "bytes"]);
  assert.match(await page.textContent(".travel"), /\(10 of 30\)/);
  await page.click("text=Back to now");
  assert.equal(param(page, "snapshot"), null);
});

test("a column is hidden and shown", async () => {
  await shown();
  await page.click(".chooser summary");
  await page.click(".chooser label:has-text('message')");
  await page.waitForFunction(() => ![...document.querySelectorAll('[role="columnheader"] b')].some((one) => one.textContent === "message"));
  await page.click("text=Show all");
  await page.waitForFunction(() => [...document.querySelectorAll('[role="columnheader"] b')].some((one) => one.textContent === "message"));
});

test("a row opens with its nested values in full", async () => {
  await shown();
  const [first] = await table.scan({ ordered: true, limit: 1 }).toArray();
  await page.focus(".grid");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".record");
  assert.match(await page.textContent(".record"), new RegExp(`"trace": "${first.attributes.get("trace")}"`));
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".record").count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.className), "grid");
});

test("the view is saved as CSV, as Arrow and as Parquet", async () => {
  await shown({ filter: "level = 'error'" });
  const errors = await table.scan({ filter: "level = 'error'" }).toArray();
  const saved = async (button) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(`text=${button}`)]);
    return readFile(await download.path());
  };
  const lines = (await saved("Save CSV")).toString().split("\r\n");
  assert.equal(lines[0], "ts,level,service,host,status,duration,bytes,message,attributes,tags,release");
  assert.equal(lines.length, errors.length + 2);
  const rows = [...rowsOf(await saved("Save Arrow"))];
  const messages = (rows) => rows.map(({ message }) => message).sort();
  assert.deepEqual(messages(rows), messages(errors));
  // What the file holds is told by what an append of it would store.
  const parquet = [...rowsOf(await table.preview(await saved("Save Parquet")))];
  assert.deepEqual(messages(parquet), messages(errors));
  assert.deepEqual(parquet.find(({ message }) => message === errors[0].message), errors[0]);
});
