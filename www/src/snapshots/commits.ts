import type { Snapshot } from "datashard/worker";

/** A snapshot in numbers; what its summary does not tell is undefined. */
export interface Commit {
  id: bigint;
  time: Date;
  operation: string;
  rows: number | undefined;
  bytes: number | undefined;
  files: number | undefined;
  addedRows: number;
  deletedRows: number;
}

export function commits(snapshots: Snapshot[]): Commit[] {
  return snapshots.map(({ snapshotId, timestamp, operation, summary }) => {
    const number = (name: string) => (/^\d+$/.test(summary[name] ?? "") ? Number(summary[name]) : undefined);
    return {
      id: snapshotId,
      time: timestamp,
      operation: operation ?? "unknown",
      rows: number("total-records"),
      bytes: number("total-files-size"),
      files: number("total-data-files"),
      addedRows: number("added-records") ?? 0,
      deletedRows: (number("deleted-records") ?? 0) + (number("added-position-deletes") ?? 0),
    };
  });
}
