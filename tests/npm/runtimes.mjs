// The package from its tarball, in a small project for each runtime, against a bucket: `node --test tests/npm/runtimes.mjs`,
// with the bucket in the environment. `tests/wasm.rs` runs it.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import http from "node:http";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "../../pkg-config/node_modules/esbuild/lib/main.js";
import { Log, LogLevel, Miniflare } from "miniflare";
import { chromium } from "playwright-core";
import { bin, options, Projects, run } from "./projects.mjs";

const MAIN = `
import * as datashard from "datashard";
import { run } from "./scenario.mjs";
console.log("RESULTS" + JSON.stringify(await run({ datashard, ...JSON.parse(process.env.HOST) })));
`;
const EDGE = `
import * as datashard from "datashard";
import { run } from "./scenario.mjs";
export default {
  async fetch(request, env) {
    const stores = { r2: () => datashard.r2(env.BUCKET, { bucket: "bucket", prefix: "some/where" }) };
    return Response.json(await run({ datashard, stores, ...(await request.json()) }));
  },
};
`;
const PAGE = `<!doctype html><meta charset="utf-8"><title>datashard</title>
<script type="importmap">{"imports": {
  "datashard": "/node_modules/datashard/dist/browser.js", "datashard/worker": "/node_modules/datashard/dist/worker.js"
}}</script>
<script type="module">
  import { run } from "/scenario.mjs";
  const host = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  const datashard = await import(host.isWorker ? "datashard/worker" : "datashard");
  const results = await run({ datashard, ...host });
  globalThis.results = results;
  await fetch("/results", { method: "POST", body: JSON.stringify(results) });
</script>`;
const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };

const projects = new Projects();
let site, posted;

before(async () => {
  await projects.pack();
  const project = await install("page", { "index.html": PAGE });
  site = http.createServer(async (request, response) => {
    if (request.method === "POST") {
      const parts = [];
      for await (const part of request) parts.push(part);
      response.end();
      return posted?.(JSON.parse(Buffer.concat(parts)));
    }
    const { pathname } = new URL(request.url, "http://localhost");
    const file = join(project, pathname === "/" ? "index.html" : pathname);
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain" }).end(readFileSync(file));
  });
  await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
});

after(() => {
  site?.close();
  site?.closeAllConnections();
  projects.remove();
});

const install = (name, texts) => projects.make(name, ["scenario.mjs"], texts);

/** The results as tests of their own. */
async function report(t, results) {
  for (const { sentence, error } of results) {
    await t.test(sentence, () => {
      if (error) throw new Error(error);
    });
  }
  if (results.length < 14) throw new Error(`only ${results.length} steps ran`);
}

for (const [name, command] of [
  ["node", [process.execPath]],
  ["deno", [bin("deno"), "run", "--quiet", "--allow-all", "--node-modules-dir=manual"]],
  ["bun", [bin("bun"), "run"]],
]) {
  test(name, { timeout: 240_000 }, async (t) => {
    const project = await install(name, { "main.mjs": MAIN });
    const env = { ...process.env, HOST: JSON.stringify({ options, name }) };
    const { stdout, stderr } = await run(command[0], [...command.slice(1), "main.mjs"], { cwd: project, env });
    const results = stdout.match(/^RESULTS(.*)$/m);
    if (!results) throw new Error(stdout + stderr);
    await report(t, JSON.parse(results[1]));
  });
}

test("workerd", { timeout: 240_000 }, async (t) => {
  const project = await install("workerd", { "main.mjs": EDGE });
  const outfile = join(project, "bundle.mjs");
  const conditions = ["workerd"];
  await build({
    entryPoints: [join(project, "main.mjs")], outfile, bundle: true, format: "esm", conditions, external: ["*.wasm"],
  });
  const module = readFileSync(join(project, "node_modules/datashard/dist/datashard.wasm"));
  const worker = new Miniflare({
    log: new Log(LogLevel.ERROR),
    modules: [
      { type: "ESModule", path: "bundle.mjs", contents: readFileSync(outfile, "utf8") },
      { type: "CompiledWasm", path: "datashard.wasm", contents: module },
    ],
    compatibilityDate: "2026-04-01",
    r2Buckets: ["BUCKET"],
  });
  try {
    const body = JSON.stringify({ options, name: "workerd" });
    const response = await worker.dispatchFetch("http://localhost/", { method: "POST", body });
    const text = await response.text();
    if (response.status !== 200) throw new Error(text);
    await report(t, JSON.parse(text));
  } finally {
    await worker.dispose();
  }
});

const address = (host) => `http://127.0.0.1:${site.address().port}/#${encodeURIComponent(JSON.stringify(host))}`;

for (const [name, isWorker] of [["chromium", false], ["chromium-worker", true]]) {
  test(name, { timeout: 240_000 }, async (t) => {
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });
    try {
      const page = await browser.newPage();
      const errors = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      await page.goto(address({ options, name, isWorker }));
      await page.waitForFunction(() => globalThis.results, undefined, { timeout: 200_000 }).catch((error) => {
        throw new Error(`${error}\n${errors.join("\n")}`);
      });
      await report(t, await page.evaluate(() => globalThis.results));
      await t.test("the page threw nothing", () => {
        if (errors.length > 0) throw new Error(errors.join("\n"));
      });
    } finally {
      await browser.close();
    }
  });
}

test("firefox", { timeout: 240_000 }, async (t) => {
  const results = new Promise((resolve) => (posted = resolve));
  const profile = join(projects.folder, "profile");
  mkdirSync(profile);
  const firefox = spawn(process.env.FIREFOX ?? "firefox-esr", [
    "--headless", "--no-remote", "--profile", profile, address({ options, name: "firefox" }),
  ], { stdio: "ignore", env: { ...process.env, HOME: profile } });
  try {
    await report(t, await results);
  } finally {
    firefox.kill("SIGKILL");
  }
});

test("publint and attw find nothing", async () => {
  await run(bin("publint"), ["run", projects.tarball, "--strict"]);
  await run(bin("attw"), [projects.tarball, "--profile", "esm-only", "--exclude-entrypoints", "./datashard.wasm", "./slim.wasm"]);
});
