// The same in a worker of browsers, Deno and Bun: the page stays free while it reads.

import type { Store } from "../store.js";
import { connect, Warehouse as Base } from "../warehouse.js";
import { compile } from "../module.js";
import { WorkerBackend } from "../worker/client.js";

export * from "../api.js";

/** A worker with a module of its own. It is started when it is first needed. */
export class Thread {
  /** @internal */
  readonly backend = new WorkerBackend(
    () => new Worker(new URL("./worker-host.js", import.meta.url), { type: "module", name: "datashard" }),
  );

  /** Ends the worker, and with it everything that is under way. It is started anew when it is needed. */
  terminate(): void {
    this.backend.terminate();
  }
}

const common = new Thread();

/** A place where tables are. */
export class Warehouse extends Base {
  /** Sends nothing yet. All warehouses are in one worker, but those that are given one. */
  constructor(store: Store, thread: Thread = common) {
    super(connect(store, thread.backend));
  }
}

/**
 * Starts the worker that warehouses share before it is needed. The module is compiled here meanwhile, which is faster than
 * in the worker, once that runs; where the page may not compile it, the worker does.
 */
export function start(): void {
  common.backend.begin(compile(new URL(MODULE, import.meta.url)));
}

/** Ends the worker that warehouses share, and with it everything that is under way. It is started anew when it is needed. */
export function terminate(): void {
  common.terminate();
}
