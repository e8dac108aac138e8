// How long it takes from the page's load to the first row, and how many requests: on an idle machine the time says something.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Host, logs, PATIENCE } from "./host.mjs";

const host = new Host();
let view, url, browser;

before(async () => ({ view, url, browser } = await logs(host, 30_000)));
after(() => host.close());

/** Notes when the first row is there, how many requests that took, and when the module was. */
function watch() {
  const observer = new MutationObserver(() => {
    if (!document.querySelector(".cell.text")) return;
    observer.disconnect();
    const requests = performance.getEntriesByType("resource").filter(({ name, initiatorType }) => initiatorType === "fetch" && name.includes("/demo/"));
    const page = performance.getEntriesByType("navigation")[0];
    window.first = { time: performance.now(), requests: requests.length, loaded: page.domContentLoadedEventEnd, from: Math.min(...requests.map(({ startTime }) => startTime)) };
  });
  observer.observe(document, { childList: true, subtree: true });
}

test("the first row of the demo's table shows after few requests", async () => {
  const runs = [];
  for (let i = 0; i < 5; i++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.addInitScript(watch);
    await page.goto(`${url}#${new URLSearchParams(view)}`);
    await page.waitForFunction(() => window.first);
    runs.push(await page.evaluate(() => window.first));
    await context.close();
  }
  runs.sort((a, b) => a.time - b.time);
  const { time, requests, loaded, from } = runs[2];
  console.log(`first row ${Math.round(time)} ms after navigation (page ${Math.round(loaded)} ms, first request to the store ${Math.round(from)} ms), ${requests} requests`);
  // Three for the head, the manifest list, manifests of the files that are read next, and the first data files.
  assert.ok(Math.max(...runs.map(({ requests }) => requests)) <= 3 + 1 + 6 + 2, JSON.stringify(runs));
});

for (const mayCompile of [true, false]) {
  test(`the module is loaded ${mayCompile ? "once, by the page" : "by the worker where the page may not compile it"}`, async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    if (!mayCompile) await page.addInitScript(() => (WebAssembly.compileStreaming = async () => { throw new WebAssembly.CompileError("no"); }));
    const from = [];
    context.on("request", (request) => {
      if (request.url().endsWith(".wasm")) from.push(request.resourceType());
    });
    await page.goto(`${url}#${new URLSearchParams(view)}`);
    await page.waitForSelector(".cell.text");
    assert.equal(from.length, mayCompile ? 1 : 2, from.join());
    await context.close();
  });
}
