// The scenario in a page of a headless Chromium: `node tests/wasm/chromium.mjs`, with the bucket in the environment.
// `tests/wasm.rs` runs it. Between the page and the bucket stands a proxy that notes every request, and lets the browser
// cache every answer for an hour.

import { readFile } from "node:fs/promises";
import http from "node:http";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { module, setting } from "./settings.mjs";
import { steps } from "./scenario.mjs";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const PAGE = `<!doctype html><meta charset="utf-8"><script type="module">
  import * as flechette from "/flechette.mjs";
  import * as datashard from "/module/browser.js";
  import { plain } from "/plain.mjs";
  import { steps } from "/scenario.mjs";
  globalThis.begin = async (host) => {
    const Warehouse = plain(datashard);
    globalThis.warehouse = (options) => Warehouse.s3(options);
    globalThis.steps = steps({ Warehouse, flechette, ...host });
  };
</script>`;
const FILES = {
  "/module/browser.js": [new URL("browser.js", module), "text/javascript"],
  "/module/datashard.wasm": [new URL("datashard.wasm", module), "application/wasm"],
  "/plain.mjs": [new URL("plain.mjs", import.meta.url), "text/javascript"],
  "/scenario.mjs": [new URL("scenario.mjs", import.meta.url), "text/javascript"],
  "/flechette.mjs": [new URL("node_modules/@uwdata/flechette/dist/flechette.mjs", import.meta.url), "text/javascript"],
};

const seen = [];
let site, proxy, browser, page, errors;

async function listen(handler) {
  const server = http.createServer(handler);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

async function serve(request, response) {
  const path = new URL(request.url, "http://localhost").pathname;
  if (path === "/") return response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
  if (!FILES[path]) return response.writeHead(404).end();
  const [file, type] = FILES[path];
  response.writeHead(200, { "content-type": type }).end(await readFile(file));
}

/** Passes a request on as it is; its Host is part of the signature. */
function pass(request, response) {
  const { method, headers } = request;
  const key = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
  seen.push({ method, key, wanted: headers["access-control-request-method"] });
  const { hostname, port } = new URL(setting.endpoint);
  const onward = http.request({ hostname, port, method, path: request.url, headers }, (answer) => {
    response.writeHead(answer.statusCode, { ...answer.headers, "cache-control": "public, max-age=3600" });
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  request.pipe(onward);
}

before(async () => {
  errors = [];
  site = await listen(serve);
  proxy = await listen(pass);
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });
  page = await browser.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(site.url);
  await page.waitForFunction(() => globalThis.begin, undefined, { timeout: 10_000 });
  const questions = JSON.parse(await readFile(process.env.DATASHARD_QUESTIONS, "utf8"));
  const noCors = site.url.replace("127.0.0.1", "localhost");
  const host = { options: { ...setting, endpoint: proxy.url }, name: "chromium", noCors, questions };
  await page.evaluate((host) => begin(host), host);
});

after(async () => {
  await browser?.close();
  for (const { server } of [site, proxy]) {
    server.close();
    server.closeAllConnections();
  }
});

const unused = { Warehouse: { s3() {} }, options: {}, name: "" };
for (const sentence of Object.keys(steps(unused))) {
  test(`chromium: ${sentence}`, () => page.evaluate((sentence) => globalThis.steps[sentence](), sentence));
}

test("chromium: reads needed no preflight request, and writes did", () => {
  const preflights = seen.filter(({ method }) => method === "OPTIONS").map(({ wanted }) => wanted);
  const reads = seen.filter(({ method }) => method === "GET").length;
  if (reads < 20 || preflights.includes("GET") || preflights.includes("HEAD") || !preflights.includes("PUT")) {
    throw new Error(`${reads} reads, preflights for ${preflights}`);
  }
});

test("chromium: the head of a table is never read from a cache", async () => {
  const versions = await page.evaluate(
    async (options) => {
      const open = () => warehouse(options).open("chromium/cached");
      await warehouse(options).create("chromium/cached", { fields: [{ name: "id", type: "int" }] });
      const reader = await open();
      const versions = [];
      for (let i = 0; i < 3; i++) {
        versions.push(await reader.refresh());
        await (await open()).append([{ id: i }]);
        versions.push(await reader.refresh(), await reader.count({ filter: "id >= 0" }));
      }
      return versions;
    },
    { ...setting, endpoint: proxy.url },
  );
  const wanted = [1, 2, 1, 2, 3, 2, 3, 4, 3];
  if (String(versions) !== String(wanted)) throw new Error(`${versions} instead of ${wanted}`);
});

test("chromium: the page threw nothing", () => {
  if (errors.length > 0) throw new Error(errors.join("\n"));
});
