// Starts a bucket and the page, fills the bucket, and prints where to look: `www/demo/run` builds what this needs.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { preview } from "vite";

const [program, ...options] = process.argv.slice(2);
const root = fileURLToPath(new URL("..", import.meta.url));
const bucket = spawn(program, ["--memory", "--port", "0", "--public"], { stdio: ["ignore", "pipe", "inherit"] });
bucket.on("exit", (code) => process.exit(code ?? 1));
process.on("exit", () => bucket.kill());
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));

const endpoint = await new Promise((resolve) => {
  createInterface({ input: bucket.stdout }).on("line", (line) => {
    const [, found] = /DATASHARD_S3_ENDPOINT=(\S+)/.exec(line) ?? [];
    if (found) resolve(found);
  });
});
console.log(`The bucket is ${endpoint}; filling it takes a minute.`);
const fill = spawn(process.execPath, ["demo/fill.mjs", "--endpoint", endpoint, ...options], { cwd: root, stdio: "inherit" });
const [code] = await once(fill, "exit");
if (code !== 0) process.exit(code ?? 1);
const page = await preview({ root, configFile: `${root}/vite.config.ts`, logLevel: "error" });
const view = new URLSearchParams({ address: "s3://demo/logs", endpoint });
console.log(`\n  ${page.resolvedUrls.local[0]}#${view}\n\nuntil Ctrl+C`);
