// Makes the npm package's JavaScript and types in pkg-config/dist, from src/ and what wasm-bindgen generated:
//
//     node pkg-config/bundle.mjs FULL [SLIM]     folders with datashard.js (of the target no-modules) and datashard_bg.wasm

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const [full, slim] = process.argv.slice(2);

/** The generated script as a function that makes an instance each time it is called, with a `WebAssembly` that it is given. */
function factory(script) {
  const between = (from, to) => {
    const [start, end] = [script.indexOf(from), script.indexOf(to)];
    if (start < 0 || end < start) throw new Error(`wasm-bindgen generates something else now: no \`${from}\``);
    script = script.slice(0, start) + script.slice(end);
  };
  between("let wasm_bindgen = (function(exports) {", "    class ");
  between("    async function __wbg_load", "    function initSync");
  between("    function initSync", "    return Object.assign(__wbg_init");
  script = script.slice(0, script.indexOf("    return Object.assign(__wbg_init"));
  return `export default async function (instantiate, module) {
    const exports = { __proto__: null };
${script}
    __wbg_finalize_init(await instantiate(module, __wbg_get_imports()), module);
    return exports;
}
`;
}

async function bundle(folder, name, prefix) {
  cpSync(join(folder, "datashard_bg.wasm"), join(dist, `${name}.wasm`));
  const glue = join(dist, `${name}-glue.js`);
  writeFileSync(glue, factory(readFileSync(join(folder, "datashard.js"), "utf8")));
  const entry = (runtime) => ({ in: join(here, `src/entry/${runtime}.ts`), out: `${prefix}${runtime}` });
  const common = {
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    mainFields: ["module", "main"],
    outdir: dist,
    legalComments: "none",
    external: ["node:fs/promises", "*.wasm", "*.wasm?module"],
    define: { MODULE: JSON.stringify(`./${name}.wasm`) },
  };
  const alias = { "#glue": glue };
  await build({ ...common, alias, entryPoints: [entry("node"), entry("browser")] });
  for (const [runtime, module] of [["workerd", `./${name}.wasm`], ["edge-light", `./${name}.wasm?module`]]) {
    const entryPoints = [{ in: join(here, "src/entry/workerd.ts"), out: `${prefix}${runtime}` }];
    await build({ ...common, alias, entryPoints, plugins: [imported(module)] });
  }
  if (prefix === "") {
    await build({ ...common, entryPoints: [entry("worker")] });
    await build({ ...common, alias, entryPoints: [{ in: join(here, "src/worker/host.ts"), out: "worker-host" }] });
  }
  rmSync(glue);
}

/** `#module` as the import of a file. */
function imported(path) {
  return {
    name: "module",
    setup: ({ onResolve }) => onResolve({ filter: /^#module$/ }, () => ({ path, external: true })),
  };
}

mkdirSync(dist, { recursive: true });
cpSync(join(here, "../LICENSE"), join(here, "LICENSE"));
cpSync(join(here, "node_modules/@uwdata/flechette/LICENSE"), join(dist, "LICENSE-flechette"));
rmSync(join(dist, "types"), { recursive: true, force: true });
execFileSync(process.execPath, [join(here, "node_modules/typescript/bin/tsc"), "-p", here], { stdio: "inherit" });
await bundle(full, "datashard", "");
if (slim) await bundle(slim, "slim", "slim-");
