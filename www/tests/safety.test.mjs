import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Host, KEYS, open, warehouse } from "./host.mjs";

const host = new Host();
const ATTACK = `"><img src=x onerror="window.attacked = true"><script>window.attacked = true</script>`;
let endpoint, url, browser;

before(async () => {
  endpoint = await host.bucket();
  const table = await warehouse(endpoint).create("private", { fields: [{ name: "id", type: "long" }, { name: "text", type: "string" }] });
  await table.append([{ id: 9_007_199_254_740_993n, text: "first" }]);
  [url, browser] = [await host.page(), await host.browser()];
});
after(() => host.close());

async function submit(page, { keep = false } = {}) {
  await page.fill('[name="accessKeyId"]', KEYS.accessKeyId);
  await page.fill('[name="secretAccessKey"]', KEYS.secretAccessKey);
  if (keep) await page.check('[name="keep"]');
  await page.click("text=Open >> nth=-1");
}

test("a table without keys is refused with what to do, and opens with keys that go nowhere else", async () => {
  const page = await open(browser, url, { address: "s3://demo/private", endpoint });
  await page.waitForSelector("text=The bucket lets nobody in without other keys");
  assert.equal(await page.inputValue('[name="endpoint"]'), endpoint);
  await submit(page);
  await page.waitForSelector(".cell >> text=9007199254740993");
  const everywhere = await page.evaluate(() => location.href + JSON.stringify({ ...sessionStorage, ...localStorage }) + document.cookie + document.body.innerHTML);
  assert.ok(!everywhere.includes(KEYS.secretAccessKey) && !everywhere.includes(KEYS.accessKeyId));
  await page.click("#tab-raw");
  assert.ok(!(await page.textContent(".log")).includes("Signature"));
  await page.context().close();
});

test("keys that are to be kept outlive a reload, and only those", async () => {
  const page = await open(browser, url, { address: "s3://demo/private", endpoint });
  await page.waitForSelector('[name="keep"]');
  await submit(page, { keep: true });
  await page.waitForSelector(".cell >> text=first");
  await page.reload();
  await page.waitForSelector(".cell >> text=first");
  await page.context().close();
});

test("an address that makes no sense is explained beside the field", async () => {
  const page = await open(browser, url, {});
  for (const [address, problem] of [["nonsense", /such as s3:/], ["s3://bucket", /s3:\/\/bucket\/table/], ["ftp://host/a/b", /cannot be read by ftp/], ["https://user:pw@host/a/b", /must hold no keys/]]) {
    await page.fill('[name="address"]', address);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".problem");
    assert.match(await page.textContent(".problem"), problem);
  }
  await page.context().close();
});

test("a bucket without a CORS rule is explained by the rule that it needs", async () => {
  const silent = createServer((_, response) => response.end("2"));
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
  host.after(() => silent.close());
  const page = await open(browser, url, { address: "s3://demo/logs", endpoint: `http://127.0.0.1:${silent.address().port}` });
  await page.waitForSelector('pre[aria-label="CORS rule"]');
  const [rule] = JSON.parse(await page.textContent('pre[aria-label="CORS rule"]'));
  assert.deepEqual(rule.AllowedOrigins, [new URL(url).origin]);
  assert.deepEqual(rule.AllowedMethods, ["GET", "HEAD"]);
  await page.waitForSelector("text=The browser got no answer from the store", { timeout: 60_000 });
  await page.waitForSelector("text=Try again");
  await page.context().close();
});

test("a table that is not there is explained, and the form is filled", async () => {
  const page = await open(browser, url, { address: `${endpoint}/demo/nothing` });
  await page.waitForSelector(".note");
  assert.equal(await page.inputValue('[name="address"]'), `${endpoint}/demo/nothing`);
  await page.context().close();
});

test("scripts in names and values stay text on every tab", async () => {
  const open_ = await host.bucket("--public");
  const schema = { fields: [{ name: ATTACK, type: "string", doc: ATTACK }, { name: "__proto__", type: "string" }, { name: "map", type: { type: "map", key: "string", value: "string" } }] };
  const table = await warehouse(open_).create("hostile", schema, { properties: { attack: ATTACK } });
  await table.append([{ [ATTACK]: ATTACK, ["__proto__"]: "own", map: new Map([["__proto__", ATTACK]]) }]);
  const page = await open(browser, url, { address: "s3://demo/hostile", endpoint: open_ });
  await page.waitForSelector(".cell.text");
  assert.equal(await page.locator('[role="columnheader"] b').first().textContent(), ATTACK);
  assert.equal(await page.locator('[role="gridcell"]').first().textContent(), ATTACK);
  await page.focus(".grid");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".record");
  for (const tab of ["schema", "snapshots", "files", "raw", "append", "live"]) {
    await page.click(`#tab-${tab}`);
    await page.waitForSelector(".page section");
    if (tab === "append") {
      await page.fill("#records", JSON.stringify({ [ATTACK]: ATTACK, map: { [ATTACK]: ATTACK } }));
      await page.waitForSelector("table.stored");
      await page.fill("#records", JSON.stringify({ [`${ATTACK}?`]: ATTACK }));
      await page.waitForSelector("table.problems");
    }
  }
  await page.click("text=Use this");
  await page.waitForSelector("dialog pre");
  assert.equal(await page.evaluate(() => window.attacked), undefined);
  assert.equal(await page.locator("img").count(), 0);
  assert.deepEqual(page.thrown, []);
  await page.context().close();
});

/** A server of files for a table, which says what it was asked for. */
async function served(files) {
  const asked = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://host").pathname;
    asked.push(path);
    const body = files[path];
    response.writeHead(body === undefined ? 404 : 200, { "access-control-allow-origin": "*", "access-control-expose-headers": "*", etag: '"1"' });
    response.end(request.method === "HEAD" ? undefined : (body ?? "<Error><Code>NoSuchKey</Code></Error>"));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  host.after(() => server.close());
  return { address: `http://127.0.0.1:${server.address().port}`, asked };
}

/** The metadata of a table with a snapshot, whose manifest list is somewhere. */
function metadata({ location, list, properties = {} }) {
  const snapshot = { "snapshot-id": 1, "sequence-number": 1, "timestamp-ms": 1_700_000_000_000, "manifest-list": list, summary: { operation: "append", "total-records": "1" }, "schema-id": 0 };
  return JSON.stringify({
    "format-version": 2, "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1", location, "last-sequence-number": 1, "last-updated-ms": 1_700_000_000_000, "last-column-id": 1,
    "current-schema-id": 0, schemas: [{ type: "struct", "schema-id": 0, fields: [{ id: 1, name: "id", required: false, type: "long" }] }],
    "default-spec-id": 0, "partition-specs": [{ "spec-id": 0, fields: [] }], "last-partition-id": 999, "default-sort-order-id": 0, "sort-orders": [{ "order-id": 0, fields: [] }],
    properties, "current-snapshot-id": 1, snapshots: [snapshot], "snapshot-log": [{ "snapshot-id": 1, "timestamp-ms": 1_700_000_000_000 }], "metadata-log": [],
  });
}

test("a table whose files are said to be elsewhere is not followed there, and the error names the path", async () => {
  const elsewhere = await served({});
  for (const list of [`${elsewhere.address}/demo/evil/snap.avro`, "s3://elsewhere/evil/snap.avro", "s3://demo/evil/../private/metadata/snap.avro"]) {
    const { address, asked } = await served({ "/demo/evil/metadata/version-hint.text": "1", "/demo/evil/metadata/v1.metadata.json": metadata({ location: "s3://demo/evil", list }) });
    const page = await open(browser, url, { address: "s3://demo/evil", endpoint: address });
    await page.waitForSelector(".note .detail");
    assert.ok((await page.textContent(".note .detail")).includes(list), await page.textContent(".note .detail"));
    for (const tab of ["files", "raw"]) {
      await page.click(`#tab-${tab}`);
      await page.waitForSelector(".note .detail");
    }
    assert.deepEqual(elsewhere.asked, []);
    assert.deepEqual(asked.filter((path) => !path.startsWith("/demo/evil/metadata/v")), []);
    await page.context().close();
  }
});

test("fifty megabytes of metadata are refused by their size, and the page answers meanwhile", async () => {
  const properties = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`property-${i}`, "x".repeat(1_000)]));
  const json = metadata({ location: "s3://demo/huge", list: "s3://demo/huge/metadata/snap.avro", properties });
  assert.ok(json.length > 50_000_000);
  const { address } = await served({ "/demo/huge/metadata/version-hint.text": "1", "/demo/huge/metadata/v1.metadata.json": json });
  const page = await open(browser, url, {});
  await page.evaluate(() => {
    let last = performance.now();
    window.longest = 0;
    setInterval(() => {
      window.longest = Math.max(window.longest, performance.now() - last);
      last = performance.now();
    }, 10);
  });
  await page.fill('[name="address"]', "s3://demo/huge");
  await page.fill('[name="endpoint"]', address);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".note .detail", { timeout: 120_000 });
  assert.match(await page.textContent(".note .detail"), /metadata of s3:\/\/demo\/huge is 5\d MB of JSON, and this page takes 16 MB/);
  const longest = await page.evaluate(() => window.longest);
  console.log(`the page was busy for ${Math.round(longest)} ms at a time at most`);
  assert.ok(longest < 3_000, `${longest} ms`);
  assert.equal(await page.inputValue('[name="address"]'), "s3://demo/huge");
  await page.context().close();
});

test("the page's policy lets no foreign and no inline script run", async () => {
  const page = await open(browser, url, {});
  const refused = await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.head.append(script);
    const div = document.createElement("div");
    div.innerHTML = `<img src="data:," onerror="window.ran = true">`;
    document.body.append(div);
    await new Promise((resolve) => setTimeout(resolve, 200));
    return window.ran === undefined;
  });
  assert.ok(refused);
  await page.context().close();
});
