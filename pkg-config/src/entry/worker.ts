// The same in a worker of browsers, Deno and Bun: the page stays free while it reads.

import type { Store } from "../store.js";
import { connect, Warehouse as Base } from "../warehouse.js";
import { WorkerBackend } from "../worker/client.js";

export * from "../api.js";

const backend = new WorkerBackend(
  () => new Worker(new URL("./worker-host.js", import.meta.url), { type: "module", name: "datashard" }),
);

/** A place where tables are. */
export class Warehouse extends Base {
  /** Sends nothing yet. */
  constructor(store: Store) {
    super(connect(store, backend));
  }
}

/** Ends the worker, and with it everything that is under way. It is started anew when it is needed. */
export function terminate(): void {
  backend.terminate();
}
