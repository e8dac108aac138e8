//! The types of what JavaScript passes and gets, for TypeScript.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface Keys { accessKeyId?: string; secretAccessKey?: string; sessionToken?: string; expiration?: Date | number | string }

export interface S3Options {
  /** `https://` (or `http://`), a host, maybe a port and a path. Left out: AWS in the region. */
  endpoint?: string;
  /** `us-east-1` by default. */
  region?: string;
  bucket: string;
  /** Where the keys of all tables begin. */
  prefix?: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
  /** Brings keys when they are needed; asked again shortly before their `expiration`. */
  credentials?: () => Keys | Promise<Keys>;
  /** Whether the bucket is in the path of URLs instead of the host. True by default with an endpoint. */
  pathStyle?: boolean;
  /** In place of the global `fetch`. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export type FieldType = string
  | { type: "struct"; fields: Field[] }
  | { type: "list"; element: FieldType; "element-required"?: boolean; "element-id"?: number }
  | { type: "map"; key: FieldType; value: FieldType; "value-required"?: boolean; "key-id"?: number; "value-id"?: number };

export interface Field { id?: number; name: string; type: FieldType; required?: boolean; doc?: string }

export interface TableSchema { type?: "struct"; "schema-id"?: number; fields: Field[] }

export interface CreateOptions {
  /** Table properties, such as `write.parquet.compression-codec`. */
  properties?: Record<string, string>;
  /** If the table is there already, with these columns, open it. */
  orOpen?: boolean;
}

export interface ScanOptions {
  /**
   * Only these columns, in this order. Beside the table's own there are `_file`, `_pos`, `_spec_id`, `_partition` (a
   * struct of the fields of all of the table's partition specs; null where it was never partitioned) and, in v3 tables,
   * `_row_id` and `_last_updated_sequence_number`; with `changesSince` `_change_type`, `_change_ordinal` and
   * `_commit_snapshot_id`.
   */
  select?: string[];
  /** Only rows for which this holds: `level = 'error' and ts >= '2026-11-01T00:00:00Z'`. */
  filter?: string;
  /** At most this many rows. */
  limit?: number;
  snapshotId?: bigint | string;
  asOf?: Date | number | string;
  /** A branch or tag. */
  ref?: string;
  /** Only rows that were appended after this snapshot; null: from the first on. */
  appendsSince?: bigint | string | null;
  /** Only rows that were inserted or deleted after this snapshot, with `_change_type`; null: from the first on. */
  changesSince?: bigint | string | null;
  /** At most this many rows a batch; 8192 by default. */
  batchRows?: number;
  /** At most this many files are read at a time; 32 by default. */
  concurrency?: number;
  /** At most about this many bytes are fetched and not yet decoded; 24 MiB by default. */
  bufferBytes?: number;
  /** Rows in the order of the files, and in the order of each file. */
  ordered?: boolean;
}

/** A `long` is a bigint; dates, times, decimals, uuids and bytes (in Base64) are texts. */
export type Scalar = boolean | number | bigint | string | null;

export interface Bounds { min: Scalar; max: Scalar }

export interface PlannedFile { path: string; records: number; bytes: number; deleteFiles: string[] }

/** What a scan did, so far: what was left out at each level, and what was read. */
export interface ScanReport {
  snapshotId?: bigint;
  manifests: number;
  manifestsSkipped: number;
  files: number;
  filesSkipped: number;
  filesSkippedByPartition: number;
  filesSkippedByMetrics: number;
  rowGroups: number;
  rowGroupsSkipped: number;
  rowsSkippedByPages: number;
  deleteFiles: number;
  requests: number;
  bytes: number;
  rows: number;
}

export type MetadataTable = "snapshots" | "history" | "refs" | "metadataLog" | "manifests" | "files" | "partitions";

export interface InspectOptions {
  /** For manifests, files and partitions; the current snapshot by default. */
  snapshotId?: bigint | string;
}

/** `int` and `long` take number or bigint, `timestamptz` takes Date or text, `binary` takes Uint8Array, a map takes Map. */
export type Row = Record<string, unknown>;

export interface AppendOptions {
  /** Where an append of this key has been committed, nothing is appended, and the receipt is `repeated`. */
  idempotencyKey?: string;
}

export interface CommitReceipt { version: number; snapshotId: bigint; rows: number; repeated: boolean; group: number; attempts: number; conflicts: number }

export interface Snapshot {
  snapshotId: bigint;
  parentSnapshotId?: bigint;
  sequenceNumber: number;
  timestamp: Date;
  operation?: "append" | "replace" | "overwrite" | "delete";
  summary: Record<string, string>;
}

export type Resolution = { committed: true; version: number } | { committed: false };

export type ErrorCode = "not-found" | "already-exists" | "invalid-input" | "invalid-data" | "unsupported" | "permission-denied"
  | "conflict" | "unavailable" | "commit-state-unknown";

export interface DataShardError extends Error { name: "DataShardError"; code: ErrorCode; token?: string }
"#;
