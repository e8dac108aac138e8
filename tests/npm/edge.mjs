// The examples of edge functions in real runtimes, several isolates of each on one table: `node --test tests/npm/edge.mjs`, with
// a bucket in the environment. `tests/wasm.rs` runs it. Prints how long a cold start takes.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "../../pkg-config/node_modules/esbuild/lib/main.js";
import { Log, LogLevel, Miniflare } from "miniflare";
import { bin, options, Projects } from "./projects.mjs";

const ISOLATES = 3;
const REQUESTS = 50;
const RECORDS = 3;

const projects = new Projects();

before(() => projects.pack());
after(() => projects.remove());

function equal(found, wanted) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
}

/** `send` sends a request to one of the isolates. */
async function collects(name, send) {
  const begun = performance.now();
  const first = await send(0, "/logs", { method: "POST", body: JSON.stringify({ level: "info", message: "first" }) });
  equal(first.status, 201);
  console.log(`${name}: ${Math.round(performance.now() - begun)} ms from the first request to its record being durable`);

  // Each request twice, as by a client that did not hear the answer, to whichever isolate.
  const post = async (number, isolate) => {
    const records = Array.from({ length: RECORDS }, (_, i) => ({ level: "load", message: `${number}.${i}`, attributes: { number: String(number) } }));
    const headers = { "idempotency-key": `request ${number}`, "content-type": "application/json" };
    const response = await send(isolate, "/logs", { method: "POST", headers, body: JSON.stringify(records) });
    if (response.status > 201) throw new Error(`${response.status}: ${await response.text()}`);
    return (await response.json()).repeated;
  };
  const both = Array.from({ length: REQUESTS }, (_, number) => [post(number, number % ISOLATES), post(number, (number + 1) % ISOLATES)]);
  for (const pair of both) equal((await Promise.all(pair)).sort(), [false, true]);

  const query = async (filter) => {
    const response = await send(ISOLATES - 1, `/query?limit=1000&filter=${encodeURIComponent(filter)}`);
    if (response.status !== 200) throw new Error(await response.text());
    return (await response.text()).trim().split("\n").map((line) => JSON.parse(line));
  };
  const messages = (await query("level = 'load'")).map(({ message }) => message).sort();
  const wanted = Array.from({ length: REQUESTS }, (_, n) => Array.from({ length: RECORDS }, (_, i) => `${n}.${i}`)).flat().sort();
  equal(messages, wanted);
  equal((await query("message = '7.1'")).map(({ level, attributes }) => [level, attributes]), [["load", { number: "7" }]]);

  const wrong = async (body) => (await send(0, "/logs", { method: "POST", body })).status;
  equal([await wrong("{"), await wrong(JSON.stringify([{ message: "no level" }])), await wrong(JSON.stringify({ levle: "x" }))], [400, 400, 400]);
  equal((await send(0, "/query?filter=level")).status, 400);
}

test("a Cloudflare Worker collects logs", { timeout: 240_000 }, async () => {
  const project = await projects.make("cloudflare", ["../../examples/edge/cloudflare.mjs", "../../examples/edge/logs.mjs"]);
  const outfile = join(project, "bundle.mjs");
  const entryPoints = [join(project, "cloudflare.mjs")];
  await build({ entryPoints, outfile, bundle: true, format: "esm", conditions: ["workerd"], external: ["*.wasm"] });
  const modules = [
    { type: "ESModule", path: "bundle.mjs", contents: readFileSync(outfile, "utf8") },
    { type: "CompiledWasm", path: "datashard.wasm", contents: readFileSync(join(project, "node_modules/datashard/dist/datashard.wasm")) },
  ];
  const worker = (number) => ({
    name: `isolate-${number}`, modules, compatibilityDate: "2026-04-01", r2Buckets: ["BUCKET"], bindings: { BUCKET_NAME: "logs" },
  });
  const runtime = new Miniflare({ log: new Log(LogLevel.ERROR), workers: Array.from({ length: ISOLATES }, (_, i) => worker(i)) });
  try {
    const isolates = await Promise.all(Array.from({ length: ISOLATES }, (_, i) => runtime.getWorker(`isolate-${i}`)));
    await collects("workerd", (isolate, path, init) => isolates[isolate].fetch(`http://localhost${path}`, init));
  } finally {
    await runtime.dispose();
  }
});

test("a Deno function collects logs", { timeout: 240_000 }, async () => {
  const cwd = await projects.make("deno-edge", ["../../examples/edge/deno.mjs", "../../examples/edge/logs.mjs"]);
  const env = {
    ...process.env, PORT: "0", HOST: "127.0.0.1", S3_BUCKET: options.bucket, S3_ENDPOINT: options.endpoint,
    S3_ACCESS_KEY_ID: options.credentials.accessKeyId, S3_SECRET_ACCESS_KEY: options.credentials.secretAccessKey,
  };
  const allowed = ["--allow-net", "--allow-env", "--allow-read", "--node-modules-dir=manual"];
  const functions = Array.from({ length: ISOLATES }, () => spawn(bin("deno"), ["run", ...allowed, "deno.mjs"], { cwd, env }));
  try {
    const addresses = await Promise.all(functions.map(listening));
    await collects("Deno", (isolate, path, init) => fetch(new URL(path, addresses[isolate]), init));
  } finally {
    for (const one of functions) one.kill("SIGKILL");
  }
});

/** The address that a function prints when it listens. */
function listening(process) {
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (text) => {
      said += text;
      const address = said.match(/http:\/\/127\.0\.0\.1:\d+\//);
      if (address) resolve(address[0]);
    };
    process.stdout.on("data", hear);
    process.stderr.on("data", hear);
    process.on("exit", () => reject(new Error(said)));
  });
}
