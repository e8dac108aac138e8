import type { ScanOptions, Table } from "datashard/worker";
import { snapshotId, view } from "./view.js";

/** Not more is read ahead than one may look at soon, and the first rows are decoded soon. */
export const LAZY: ScanOptions = { ordered: true, batchRows: 512, concurrency: 2, bufferBytes: 4 << 20 };

type Batches = AsyncIterable<Uint8Array> & AsyncIterator<Uint8Array, void>;

let begun: { table: Table; options: string; batches: Batches } | undefined;

/** Begins to read what the view shows first, before there is anything to show it in. Settles when the first rows are there, if it shows rows. */
export async function beginScan(table: Table): Promise<void> {
  const { tab, columns, sort, filter } = view.peek();
  void begun?.batches.return?.();
  begun = undefined;
  if (tab !== "data" || columns.length > 0 || sort) return;
  const at = snapshotId.peek();
  const options: ScanOptions = { ...(filter && { filter }), ...(at && { snapshotId: at }), ...LAZY };
  const batches = table.scan(options)[Symbol.asyncIterator]();
  const first = batches.next();
  begun = { table, options: JSON.stringify(options), batches: after(first, batches) };
  // Who takes it is told.
  await first.catch(() => {});
}

/** The batches of a scan: of the one that was begun, if it is the same. */
export function batchesOf(table: Table, options: ScanOptions): AsyncIterable<Uint8Array> {
  const taken = begun;
  begun = undefined;
  if (taken?.table === table && taken.options === JSON.stringify(options)) return taken.batches;
  void taken?.batches.return?.();
  return table.scan(options);
}

/** The first batch, which has been asked for, and those after it. */
function after(first: Promise<IteratorResult<Uint8Array, void>>, batches: Batches): Batches {
  let next: typeof first | undefined = first;
  return {
    next() {
      const taken = next ?? batches.next();
      next = undefined;
      return taken;
    },
    return: () => batches.return!(),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
