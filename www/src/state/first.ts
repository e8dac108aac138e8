import type { ScanOptions, ScanPlan, Table } from "datashard/worker";
import { snapshotId, view } from "./view.js";

/** Not more is read ahead than one may look at soon, and the first rows are decoded soon. */
export const LAZY: ScanOptions = { ordered: true, batchRows: 512, concurrency: 2, bufferBytes: 4 << 20 };

let begun: { table: Table; options: string; plan: Promise<ScanPlan> } | undefined;

/** Begins to plan what the view shows first, before there is anything to show it in. */
export function beginPlan(table: Table): void {
  const { tab, columns, sort, filter } = view.peek();
  begun = undefined;
  if (tab !== "data" || columns.length > 0 || sort) return;
  const at = snapshotId.peek();
  const options: ScanOptions = { ...(filter && { filter }), ...(at && { snapshotId: at }), ...LAZY };
  const plan = table.scan(options).plan();
  // Who takes it is told.
  plan.catch(() => {});
  begun = { table, options: JSON.stringify(options), plan };
}

/** The plan of a scan: the one that was begun, if it is of the same. */
export function planOf(table: Table, options: ScanOptions, signal: AbortSignal): Promise<ScanPlan> {
  const taken = begun;
  begun = undefined;
  const isSame = taken?.table === table && taken.options === JSON.stringify(options);
  return isSame ? taken.plan : table.scan({ ...options, signal }).plan();
}
