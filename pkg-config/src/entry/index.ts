import glue from "#glue";
import { LocalBackend } from "../backend.js";
import { Engine, type Load } from "../engine.js";
import { compile, type ModuleSource } from "../module.js";
import type { Store } from "../store.js";
import { connect, Warehouse as Base } from "../warehouse.js";

export * from "../api.js";
export type { ModuleSource };

let load: Load;

/** Uses this module in place of the one beside this file. Before the first use of a warehouse. */
export function setModule(source: ModuleSource | (() => ModuleSource | Promise<ModuleSource>)): void {
  load = async () => compile(typeof source === "function" ? await source() : source);
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
