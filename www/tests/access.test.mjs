import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { Host, logs, open } from "./host.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const host = new Host();
let view, url, browser;

before(async () => ({ view, url, browser } = await logs(host, 900)));
after(() => host.close());

async function violations(page) {
  // Given by the browser's debugger, which the page's policy does not bind.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing wrong (${colorScheme})`, async () => {
    const page = await open(browser, url, {}, { colorScheme });
    await page.waitForSelector("form");
    assert.deepEqual(await violations(page), []);
    await page.context().close();
    const shown = await open(browser, url, view, { colorScheme });
    await shown.waitForSelector(".cell.text");
    await shown.waitForSelector(".nulls");
    assert.deepEqual(await violations(shown), [], "data");
    await shown.focus(".grid");
    await shown.keyboard.press("Enter");
    await shown.waitForSelector(".record");
    await shown.fill('[role="combobox"]', "levl = 1");
    await shown.waitForSelector(".problem");
    assert.deepEqual(await violations(shown), [], "a record and a wrong filter");
    for (const tab of ["schema", "snapshots", "files", "raw"]) {
      await shown.click(`#tab-${tab}`);
      await shown.waitForSelector(".page table");
      assert.deepEqual(await violations(shown), [], tab);
    }
    await shown.click("#tab-append");
    await shown.fill("#records", '{"ts": "2026-11-21T09:30:00Z", "level": "", "service": "a"}');
    await shown.waitForSelector("table.stored");
    assert.deepEqual(await violations(shown), [], "records");
    await shown.click("button.primary:enabled");
    await shown.waitForSelector(".outcome .connect");
    assert.deepEqual(await violations(shown), [], "a store that refuses to write");
    await shown.fill("#records", '{"level": 1}');
    await shown.waitForSelector("table.problems");
    assert.deepEqual(await violations(shown), [], "problems");
    await shown.click("#tab-live");
    await shown.waitForSelector(".lanes");
    await shown.selectOption(".settings label:has-text('Latency') select", "20");
    await shown.selectOption(".settings label:has-text('Appends') select", "5");
    await shown.click(".settings .primary");
    await shown.waitForSelector(".verdict .note");
    assert.deepEqual(await violations(shown), [], "a race");
    await shown.click("text=Use this");
    await shown.waitForSelector("dialog pre");
    assert.deepEqual(await violations(shown), [], "code");
    await shown.context().close();
  });
}

test("nothing is wider than a phone, and axe finds nothing wrong there", async () => {
  const page = await open(browser, url, view, { viewport: { width: 390, height: 844 } });
  for (const tab of ["data", "schema", "snapshots", "files", "raw", "append", "live"]) {
    await page.click(`#tab-${tab}`);
    await page.waitForSelector({ data: ".cell.text", append: "#records", live: ".lanes" }[tab] ?? ".page table");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), tab);
    assert.deepEqual(await violations(page), [], tab);
  }
  await page.context().close();
});

test("a map of partitions is readable in light and dark", async () => {
  const endpoint = await host.fixtures("partitions");
  for (const colorScheme of ["light", "dark"]) {
    const page = await open(browser, url, { address: "s3://fixtures/wh/db/transforms", endpoint, tab: "files" }, { colorScheme });
    await page.waitForSelector(".map");
    assert.deepEqual(await violations(page), [], colorScheme);
    await page.context().close();
  }
});

test("everything is done by keyboard: open, filter, look at a row, travel, read code", async () => {
  const page = await open(browser, url, {});
  await page.waitForSelector("form");
  await page.keyboard.type(view.address);
  await page.keyboard.press("Tab");
  await page.keyboard.type(view.endpoint);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".cell.text");
  await page.keyboard.press("/");
  await page.keyboard.type("service = 'gateway'");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => {
    const services = [...document.querySelectorAll('[role="gridcell"][aria-colindex="3"]')].map((cell) => cell.textContent);
    return services.length > 10 && services.every((service) => service === "gateway");
  });
  for (let i = 0; i < 12 && !(await focused(page, ".grid")); i++) await page.keyboard.press("Tab");
  assert.ok(await focused(page, ".grid"));
  for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "End", "Home", "ArrowRight"]) await page.keyboard.press(key);
  assert.equal(await page.getAttribute(".grid", "aria-activedescendant"), "cell-2-1");
  // It had the focus a frame later: a key that came before went to the grid.
  await page.evaluate(() => {
    const look = () => (window.focusedAtOnce ??= document.querySelector(".record")?.matches(":focus"));
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  });
  await page.keyboard.press("Enter");
  await page.waitForSelector('[aria-label="Row 3"]');
  assert.equal(await page.evaluate(() => window.focusedAtOnce), true);
  await page.keyboard.press("Escape");
  for (const key of ["Control+Home", "ArrowUp", "Enter"]) await page.keyboard.press(key);
  await page.waitForFunction(() => document.querySelector(".said")?.textContent.startsWith("Sorted by ts"));
  await page.focus("#tab-data");
  for (const key of ["ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
  assert.ok(await focused(page, "#tab-snapshots"));
  await page.waitForSelector('input[type="range"]');
  for (let i = 0; i < 4 && !(await focused(page, 'input[type="range"]')); i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Home");
  assert.match(await page.textContent("p.travel"), /\(1 of 30\)/);
  assert.deepEqual(page.thrown, []);
  await page.context().close();
});

async function focused(page, selector) {
  return page.evaluate((selector) => document.activeElement.matches(selector), selector);
}
