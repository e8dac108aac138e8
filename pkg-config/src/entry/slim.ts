// The types of the build that only reads.

import type { Store } from "../store.js";
import type { Table as FullTable } from "../table.js";
import type { Warehouse as FullWarehouse } from "../warehouse.js";

export type * from "../api.js";
export { DataShardError, https, memory, r2, s3 } from "../api.js";
export { setModule, type ModuleSource } from "./index.js";

/** A table, to be read. */
export type Table = Omit<
  FullTable,
  "append" | "delete" | "manifestJson" | "overwrite" | "parquetFooter" | "preview" | "resolve" | "transaction"
>;

/** A place where tables are, to be read. */
export declare class Warehouse {
  constructor(store: Store);
  open(...given: Parameters<FullWarehouse["open"]>): Promise<Table>;
  openMetadata(...given: Parameters<FullWarehouse["openMetadata"]>): Promise<Table>;
  allow(location: string, recorded?: string): Warehouse;
}
