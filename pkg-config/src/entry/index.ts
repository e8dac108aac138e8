import glue from "#glue";
import { LocalBackend } from "../backend.js";
import { Engine, type Load } from "../engine.js";
import type { Store } from "../store.js";
import { connect, Warehouse as Base } from "../warehouse.js";

export * from "../api.js";

/** What a module is compiled from. */
export type ModuleSource = WebAssembly.Module | BufferSource | Response | URL;

let load: Load;

/** Uses this module in place of the one beside this file. Before the first use of a warehouse. */
export function setModule(source: ModuleSource | (() => ModuleSource | Promise<ModuleSource>)): void {
  load = async () => compile(typeof source === "function" ? await source() : source);
}

async function compile(source: ModuleSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const got = source instanceof URL ? await fetch(source) : source;
  if (!(got instanceof Response)) return WebAssembly.compile(got);
  if (!got.ok) throw new Error(`${got.url}: ${got.status}`);
  // Servers that do not know the type of .wasm files are many.
  const isTyped = got.headers.get("content-type")?.startsWith("application/wasm") && WebAssembly.compileStreaming;
  return isTyped ? WebAssembly.compileStreaming(got) : WebAssembly.compile(await got.arrayBuffer());
}

/** The module of this thread. */
export const backend = new LocalBackend(new Engine(glue, () => load()));

/** A place where tables are. */
export class Warehouse extends Base {
  /** Sends nothing yet. */
  constructor(store: Store) {
    super(connect(store, backend));
  }
}
