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
  for (const tab of ["schema", "snapshots", "files", "raw"]) {
    await page.click(`#tab-${tab}`);
    await page.waitForSelector(".page section");
  }
  await page.click("text=Use this");
  await page.waitForSelector("dialog pre");
  assert.equal(await page.evaluate(() => window.attacked), undefined);
  assert.equal(await page.locator("img").count(), 0);
  assert.deepEqual(page.thrown, []);
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
