import type { Lasting } from "./backend.js";
import { rowsOf, type Row } from "./rows.js";

export type MetadataTable = "snapshots" | "history" | "refs" | "metadataLog" | "manifests" | "files" | "partitions";

export async function inspection(table: Lasting, which: string, options: object, signal?: AbortSignal): Promise<Row[]> {
  const batches = (await table.call("inspect", [which, options], signal)) as Uint8Array;
  return [...rowsOf<Row>(batches)];
}
