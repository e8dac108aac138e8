import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Host, logs, open, param } from "./host.mjs";

const host = new Host();
let table, view, url, browser, page, total, files;

before(async () => {
  ({ table, view, url, browser } = await logs(host, 3_000));
  [total, files] = [await table.count(), (await table.inspect("files")).length];
});
after(() => host.close());

const shown = async (tab, more = {}) => {
  await page?.context().close();
  page = await open(browser, url, { ...view, tab, ...more });
  await page.waitForSelector(".page table, .page pre");
};

test("the schema shows fields with their ids, types and descriptions", async () => {
  await shown("schema");
  const rows = await page.locator(".page tbody tr").allTextContents();
  assert.equal(rows[0], "1tstimestamptzrequiredwhen the request ended");
  assert.ok(rows.includes("11keystringrequired"), rows.join("\n"));
  const history = await page.textContent(".history");
  for (const change of ["10 columns: ts, level", "millis", "release"]) assert.ok(history.includes(change), `${change}: ${history}`);
});

test("the snapshots show as a chart and as a table, and the slider travels", async () => {
  await shown("snapshots");
  const snapshots = await table.snapshots();
  assert.equal(await page.locator(".page tbody tr").count(), 30);
  assert.equal(await page.locator(".marks .shape").count(), 30);
  await page.focus('input[type="range"]');
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  assert.equal(param(page, "snapshot"), String(snapshots[27].snapshotId));
  assert.match(await page.textContent("p.travel"), /\(28 of 30\)/);
  await page.click("#tab-data");
  const rows = await table.count({ snapshotId: snapshots[27].snapshotId });
  await page.waitForFunction((rows) => document.querySelector(".said")?.textContent.includes(rows), rows.toLocaleString("en-US"));
});

test("two snapshots are compared, and the rows between them counted", async () => {
  const snapshots = await table.snapshots();
  await shown("snapshots", { base: String(snapshots[24].snapshotId) });
  const before = Number(snapshots[24].summary["total-records"]);
  const difference = await page.locator("table.narrow tr", { hasText: "records" }).textContent();
  const count = (rows) => rows.toLocaleString("en-US");
  assert.equal(difference, `records${count(before)}${count(total)}+${count(total - before)}`);
  const changes = await table.scan({ changesSince: snapshots[24].snapshotId }).toArray();
  const deleted = changes.filter((row) => row._change_type === "delete").length;
  assert.ok(deleted > 0);
  await page.click("text=Count changed rows");
  await page.waitForSelector(`text=${count(changes.length - deleted)} rows inserted, ${count(deleted)} deleted`);
});

test("the files show below their manifests, and add up", async () => {
  await shown("files");
  assert.ok((await page.textContent("h2")).includes(`${files} data files`));
  const rows = await page.locator(".manifest td:nth-child(3)").allTextContents();
  assert.equal(rows.reduce((sum, text) => sum + Number(text.replaceAll(",", "")), 0), total);
  await page.click(".fold >> nth=0");
  const [manifest] = await table.inspect("files");
  assert.equal(await page.textContent(".leaf"), manifest.file_path.split("/").at(-1));
  const bars = await page.locator(".twin td").allTextContents();
  assert.equal(bars.reduce((sum, text) => sum + Number(text), 0), files);
});

test("the metadata is shown as it is, and each request is in the log", async () => {
  await shown("raw");
  const json = JSON.parse(await page.locator('pre[aria-label="Metadata"]').textContent());
  assert.equal(json.location, "s3://demo/logs");
  const [last] = (await table.snapshots()).slice(-1);
  assert.match(await page.locator('pre[aria-label="Metadata"]').textContent(), new RegExp(`"current-snapshot-id": ${last.snapshotId},`));
  await page.waitForSelector('optgroup[label="Manifests"]', { state: "attached" });
  const log = await page.locator(".log tbody tr").allTextContents();
  assert.match(log.at(-1), /GET\/demo\/logs\/metadata\/version-hint\.text200/);
  assert.equal(log.length, Number(/(\d+) request/.exec(await page.textContent(".status"))[1]));
});

test("a manifest list, a manifest and a footer are shown as JSON, from the list of files and by a link", async () => {
  await shown("files");
  const [manifest] = await table.inspect("manifests");
  await page.click(`a[aria-label="Look into ${manifest.path.split("/").at(-1)}"]`);
  await page.waitForSelector('pre[aria-label="Manifest"]');
  assert.equal(param(page, "file"), manifest.path);
  const json = async (label) => JSON.parse(await page.locator(`pre[aria-label="${label}"]`).textContent());
  const { entries } = await json("Manifest");
  const [file] = await table.inspect("files");
  assert.equal(entries[0].data_file.file_path, file.file_path);
  await page.reload();
  await page.waitForSelector('pre[aria-label="Manifest"]');
  await page.click("text=List data files too");
  await page.waitForSelector('optgroup[label="Data and delete files"]', { state: "attached" });
  await page.selectOption("#inside", file.file_path);
  await page.waitForSelector('pre[aria-label="Parquet footer"]');
  const footer = await json("Parquet footer");
  assert.equal(BigInt(footer.rows), file.record_count);
  const status = footer["row-groups"][0].columns.find(({ name }) => name === "status");
  assert.deepEqual([status.min, status.max], ["lower_bound", "upper_bound"].map((bound) => String(file.readable_metrics.status[bound])));
  const list = await page.locator('optgroup[label="Manifest list"] option').getAttribute("value");
  await page.selectOption("#inside", list);
  await page.waitForFunction(() => document.querySelector('pre[aria-label="Manifest"]')?.textContent.includes("manifest_path"));
  assert.equal((await json("Manifest")).entries.length, (await table.inspect("manifests")).length);
  assert.deepEqual(page.thrown, []);
});

test("partitions are a map by size and by rows, and a table that says the same", async () => {
  const endpoint = await host.fixtures("partitions");
  await page.context().close();
  page = await open(browser, url, { address: "s3://fixtures/wh/db/transforms", endpoint, tab: "files" });
  await page.waitForSelector(".map .tile");
  assert.equal(await page.locator(".tiles .tile").count(), 93);
  const rows = page.locator('[aria-label="Partitions"] tbody tr');
  assert.match(await page.locator(".tiles .tile").first().getAttribute("title"), new RegExp(`^${(await rows.first().locator("th").textContent()).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}: `));
  const area = await page.locator(".tiles").evaluate((map) => [...map.children].reduce((sum, tile) => sum + tile.offsetWidth * tile.offsetHeight, 0) / (map.clientWidth * map.clientHeight));
  assert.ok(area > 0.97 && area < 1.03, String(area));
  await page.click('button:has-text("Rows")');
  assert.equal(await page.getAttribute('button:has-text("Rows")', "aria-pressed"), "true");
  assert.match(await page.locator(".tiles .tile").first().getAttribute("title"), /\d+ rows?, \d+ file/);
});

test("the view is given as code", async () => {
  await shown("schema", { filter: "level = 'error'" });
  await page.click("text=Use this");
  assert.match(await page.textContent("dialog pre"), /table\.scan\(\{ filter: "level = 'error'" \}\)/);
  for (const [name, text] of [["Rust", '.filter("level = \'error\'")'], ["PyIceberg", "StaticTable.from_metadata(\"s3://demo/logs/metadata/v33.metadata.json\""], ["DuckDB", "WHERE level = 'error';"]]) {
    await page.click(`dialog button:has-text("${name}")`);
    await page.waitForFunction((text) => document.querySelector("dialog pre").textContent.includes(text), text);
  }
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
});

test("a commit of somebody else shows after a refresh", async () => {
  await shown("snapshots");
  await table.append([{ ts: new Date(), level: "info", service: "test" }]);
  await page.click("text=Refresh");
  await page.waitForFunction(() => document.querySelectorAll(".page tbody tr").length === 31);
  assert.deepEqual(page.thrown, []);
});
