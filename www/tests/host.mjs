// A bucket with tables, the page, and a browser.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { s3, Warehouse } from "datashard";
import { chromium } from "playwright-core";
import { preview } from "vite";

export const KEYS = { accessKeyId: "demo-key", secretAccessKey: "demo-secret" };
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BUCKET = process.env.BUCKET ?? fileURLToPath(new URL("../../target/release/examples/bucket", import.meta.url));
const ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update";
/** The browser may be busy with a module that is not optimized. */
export const PATIENCE = 30_000;

/** What stays until `close`, in which all of it ends. */
export class Host {
  #ends = [];

  /** Starts a bucket, and returns its endpoint. */
  async bucket(...options) {
    return this.#bucket("--memory", ...options);
  }

  /** Starts a bucket that all may read, with tables that Spark wrote, and returns its endpoint. */
  async fixtures(name) {
    const folder = await mkdtemp(join(tmpdir(), "explorer-"));
    this.#ends.push(() => rm(folder, { recursive: true }));
    await cp(join(ROOT, "../tests/fixtures", name, "wh"), join(folder, "wh"), { recursive: true });
    return this.#bucket(folder, "--bucket", "fixtures", "--public");
  }

  async #bucket(...options) {
    const child = spawn(BUCKET, ["--port", "0", ...options], { stdio: ["ignore", "pipe", "inherit"] });
    this.#ends.push(() => child.kill());
    for await (const line of createInterface({ input: child.stdout })) {
      const endpoint = /DATASHARD_S3_ENDPOINT=(\S+)/.exec(line)?.[1];
      if (endpoint) return endpoint;
    }
    throw new Error(`${BUCKET} did not start`);
  }

  /** Starts the page, and returns its address. */
  async page() {
    const server = await preview({ root: ROOT, configFile: `${ROOT}/vite.config.ts`, logLevel: "error", preview: { port: 0 } });
    this.#ends.push(() => server.close());
    return `http://127.0.0.1:${server.httpServer.address().port}/`;
  }

  async browser() {
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS.split(" ") });
    this.#ends.push(() => browser.close());
    return browser;
  }

  after(end) {
    this.#ends.push(end);
  }

  async close() {
    for (const end of this.#ends.reverse()) await end();
  }
}

export function warehouse(endpoint) {
  return new Warehouse(s3({ endpoint, bucket: "demo", credentials: KEYS }));
}

/** Runs the script of the demo. */
async function fill(endpoint, rows) {
  const child = spawn(process.execPath, ["demo/fill.mjs", "--endpoint", endpoint, "--rows", String(rows)], { cwd: ROOT, stdio: "inherit" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`demo/fill.mjs: ${code}`);
}

/** The demo's table in a bucket that all may read, the page, and a browser to look at it. */
export async function logs(host, rows) {
  const endpoint = await host.bucket("--public");
  await fill(endpoint, rows);
  const table = await warehouse(endpoint).open("logs");
  return { table, view: { address: "s3://demo/logs", endpoint }, url: await host.page(), browser: await host.browser() };
}

/** What the URL of a window says behind `#`. */
export function param(page, name) {
  return new URLSearchParams(new URL(page.url()).hash.slice(1)).get(name);
}

/** A window in which nothing may be thrown. */
export async function open(browser, url, view, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.thrown = [];
  page.on("pageerror", (error) => page.thrown.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) page.thrown.push(message.text());
  });
  await page.goto(`${url}#${new URLSearchParams(view)}`);
  return page;
}
