import type { Field, Row, Scalar, ScanPlan, Table } from "datashard/worker";

/** What files say of a column, without a row being read. */
export interface ColumnStatistics {
  /** Of the column's values; nothing if a file does not tell. */
  nullShare: number | undefined;
  min: Scalar | undefined;
  max: Scalar | undefined;
  /** Texts may be cut in files: then the bounds are beyond the values, not among them. */
  isExact: boolean;
}

/** More files than this are not looked through for their columns. */
const MOST_FILES = 5_000;

interface Metrics {
  value_count: bigint | null;
  null_value_count: bigint | null;
  lower_bound: Scalar;
  upper_bound: Scalar;
}

/** By the names of columns, for a snapshot as a whole. */
export async function statistics(
  table: Table, plan: ScanPlan, fields: Field[], snapshotId: bigint, signal: AbortSignal,
): Promise<Map<string, ColumnStatistics>> {
  const all = new Map<string, ColumnStatistics>();
  if ((await plan.report()).files > MOST_FILES) return all;
  const files = (await table.inspect("files", { snapshotId, signal })).filter((file) => file["content"] === 0);
  for (const { name, type } of fields) {
    if (typeof type !== "string") continue;
    const metrics = files.map((file) => (file["readable_metrics"] as Row | null)?.[name] as Metrics | undefined);
    const exact = await plan.exactBounds(name);
    const nullShare = share(metrics);
    if (exact) all.set(name, { nullShare, min: exact.min, max: exact.max, isExact: true });
    else all.set(name, { nullShare, ...outer(metrics), isExact: false });
  }
  return all;
}

function share(metrics: (Metrics | undefined)[]): number | undefined {
  let [values, nulls] = [0n, 0n];
  for (const one of metrics) {
    if (one?.value_count == null || one.null_value_count == null) return undefined;
    values += one.value_count;
    nulls += one.null_value_count;
  }
  return values === 0n ? undefined : Number(nulls) / Number(values);
}

/** The widest of all files; nothing if one has values and no bounds. */
function outer(metrics: (Metrics | undefined)[]): { min: Scalar | undefined; max: Scalar | undefined } {
  let [min, max]: [Scalar | undefined, Scalar | undefined] = [undefined, undefined];
  for (const one of metrics) {
    if (one && one.value_count !== null && one.value_count === one.null_value_count) continue;
    if (one?.lower_bound == null || one.upper_bound == null) return { min: undefined, max: undefined };
    if (min == null || one.lower_bound < min) min = one.lower_bound;
    if (max == null || one.upper_bound > max) max = one.upper_bound;
  }
  return { min, max };
}
