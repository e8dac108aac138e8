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
  /** Only these columns, in this order. */
  select?: string[];
  /** Only rows for which this holds: `level = 'error' and ts >= '2026-11-01T00:00:00Z'`. */
  filter?: string;
  /** At most this many rows. */
  limit?: number;
  snapshotId?: bigint | string;
  asOf?: Date | number | string;
  /** A branch or tag. */
  ref?: string;
  /** At most this many rows a batch; 8192 by default. */
  batchRows?: number;
}

/** `int` and `long` take number or bigint, `timestamptz` takes Date or text, `binary` takes Uint8Array, a map takes Map. */
export type Row = Record<string, unknown>;

export interface CommitReceipt { version: number; snapshotId: bigint; rows: number; group: number; attempts: number; conflicts: number }

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
