export type { Appendable, Piece } from "./append.js";
export { DataShardError, type ErrorCode } from "./error.js";
export type { Pulled } from "./pull.js";
export type { R2Like } from "./r2.js";
export { rowsOf, type Row } from "./rows.js";
export type { Bounds, PlannedFile, Scalar, Scan, ScanOptions, ScanPlan, ScanReport } from "./scan.js";
export type { Field, FieldType, PrimitiveType, TableSchema } from "./schema.js";
export { https, memory, r2, s3, type Credentials, type Fetch, type S3Options, type Store } from "./store.js";
export type { AppendOptions, CommitReceipt, InspectOptions, MetadataTable, Resolution, Snapshot, Table, TailOptions } from "./table.js";
export type {
  BranchOptions,
  KeyedOptions,
  MergeClause,
  MergeOptions,
  Place,
  TagOptions,
  Transaction,
  TransactionOptions,
  TransactionReceipt,
} from "./transaction.js";
export type { Abortable, CreateOptions } from "./warehouse.js";
export type { Writer, WriterOptions } from "./writer.js";
