import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Host, logs, open, param } from "./host.mjs";

const host = new Host();
let view, url, browser;

before(async () => ({ view, url, browser } = await logs(host, 60)));
after(() => host.close());

async function race(live, options) {
  const page = await open(browser, url, { ...view, tab: "live", live }, options);
  await page.waitForSelector(".lanes");
  return page;
}
const number = async (page, name) => Number((await page.textContent(`.counts div:has(dt:text-is("${name}")) dd`)).split(" ")[0].replaceAll(",", ""));

test("writers race, conflicts are drawn, and every append is in the table once", async () => {
  // Three writers, five appends each, 20 ms, no faults.
  const page = await race("3.5.20.0.0.0.7");
  await page.focus(".settings .primary");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=Every append is in the table once", { timeout: 120_000 });
  assert.equal(await number(page, "Commits"), 15);
  assert.ok((await number(page, "Conflicts")) > 0);
  const rows = await number(page, "Rows");
  assert.match(await page.textContent(".verdict"), new RegExp(`${rows} rows of 15 appends, none missing, none twice, in version \\d+`));
  assert.ok((await page.locator(".beam.version.fine").count()) > 0);
  const ends = await page.locator("table.race tbody tr").evaluateAll((rows) => rows.map((row) => `${row.cells[2].textContent} ${row.cells[3].textContent}`));
  assert.ok(ends.some((end) => /^PUT v\d+ 412$/.test(end)), ends.join("\n"));
  assert.ok(ends.some((end) => /^Rebase/.test(end)));
  assert.equal(await page.locator(".lane").count(), 3);
  assert.deepEqual(page.thrown, []);
  await page.context().close();
});

test("lost and refused answers neither lose nor double a row", async () => {
  const page = await race("3.10.20.15.15.2.3");
  await page.click(".settings .primary");
  await page.waitForSelector(".verdict .note", { timeout: 300_000 });
  assert.match(await page.textContent(".verdict"), /Every append is in the table once/);
  assert.equal(await number(page, "Commits"), 30);
  assert.ok((await page.locator(".beam.lost, .beam.refused").count()) > 0);
  await page.context().close();
});

test("without a table writers race as well, from the first page on", async () => {
  const page = await open(browser, url, {});
  await page.click("text=how writers commit at once");
  await page.selectOption(".settings label:has-text('Appends') select", "5");
  await page.click(".settings .primary");
  await page.waitForSelector("text=Every append is in the table once", { timeout: 120_000 });
  await page.click("text=Open a table");
  await page.waitForSelector("form");
  assert.deepEqual(page.thrown, []);
  await page.context().close();
});

test("settings are in the link, a race can be stopped, and no motion is shown to those who want none", async () => {
  const page = await race("2.100.60.0.0.0.5", { reducedMotion: "reduce" });
  assert.equal(await page.inputValue(".settings label:has-text('Appends') select"), "100");
  await page.selectOption(".settings label:has-text('Writers') select", "4");
  assert.equal(param(page, "live"), "4.100.60.0.0.0.5");
  await page.evaluate(() => {
    window.drawn = 0;
    window.since = performance.now();
    new MutationObserver(() => (window.drawn += 1)).observe(document.querySelector(".lanes"), { subtree: true, childList: true, attributes: true });
  });
  await page.click(".settings .primary");
  await page.waitForSelector("text=Stop");
  await page.waitForFunction(() => Number.parseInt(document.querySelector(".counts dd").textContent) >= 6, undefined, { timeout: 60_000 });
  // In steps of a second.
  const { drawn, seconds } = await page.evaluate(() => ({ drawn: window.drawn, seconds: (performance.now() - window.since) / 1_000 }));
  assert.ok(drawn > 0 && drawn <= seconds + 2, `${drawn} in ${seconds} s`);
  await page.click("text=Stop");
  await page.waitForSelector("text=Every append is in the table once", { timeout: 60_000 });
  assert.ok((await number(page, "Commits")) < 400);
  await page.reload();
  await page.waitForSelector(".lanes");
  assert.equal(await page.inputValue(".settings label:has-text('Writers') select"), "4");
  await page.context().close();
});
