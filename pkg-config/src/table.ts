import { Lasting, type Handle } from "./backend.js";
import { batchesOf, type Appendable } from "./append.js";
import { rowsOf, type Row } from "./rows.js";
import { Scan, source, type ScanOptions } from "./scan.js";
import { defined } from "./store.js";
import type { TableSchema } from "./schema.js";
import { Pulled } from "./pull.js";
import {
  Transaction,
  type BranchOptions,
  type KeyedOptions,
  type MergeOptions,
  type TagOptions,
  type TransactionOptions,
  type TransactionReceipt,
} from "./transaction.js";
import type { Abortable } from "./warehouse.js";
import { Writer, type WriterOptions } from "./writer.js";

export interface CommitReceipt {
  /** The version of the table with which the rows came. */
  version: number;
  snapshotId: bigint;
  /** Of this append. */
  rows: number;
  /** Whether nothing was appended, since an append with the same idempotency key had been: version and snapshot are those that have its rows. */
  repeated: boolean;
  /** How many appends share the snapshot: those of one table object that came at the same time. */
  group: number;
  /** How many metadata files were tried, and how many of them others had been faster with. */
  attempts: number;
  conflicts: number;
}

export interface Snapshot {
  snapshotId: bigint;
  parentSnapshotId?: bigint;
  sequenceNumber: number;
  timestamp: Date;
  operation?: "append" | "replace" | "overwrite" | "delete";
  summary: Record<string, string>;
}

export interface AppendOptions extends Abortable {
  /** Appends to this branch, and leaves `main` as it is. */
  branch?: string | undefined;
  /**
   * Appends once to a branch for each key: where an append of this key has been committed, by whomever, nothing is appended,
   * and the receipt is `repeated`. The rows are not compared. A key is known for as long as the table has its snapshot, and goes
   * where that goes: with what is published to another branch, and with what is rolled back.
   */
  idempotencyKey?: string | undefined;
}

export type Resolution = { committed: true; version: number } | { committed: false };

export type MetadataTable = "snapshots" | "history" | "refs" | "metadataLog" | "manifests" | "files" | "partitions";

export interface InspectOptions extends Abortable {
  /** For manifests, files and partitions; the current snapshot by default. */
  snapshotId?: bigint | string | undefined;
}

export interface TailOptions extends Abortable {
  /** How often to look, in milliseconds; 1000 by default. */
  interval?: number | undefined;
}

/** A table. It knows one version, the newest that it has seen: it moves on by its own commits and by `refresh()`. */
export class Table implements AsyncDisposable {
  readonly #module: Lasting;

  private constructor(module: Lasting) {
    this.#module = module;
  }

  /** @internal */
  static over(module: Lasting): Table {
    return new Table(module);
  }

  /** The table's URI, for other engines. */
  async location(): Promise<string> {
    return (await this.#module.call("location")) as string;
  }

  /** The number of the version that is known. */
  async version(): Promise<number> {
    return (await this.#module.call("version")) as number;
  }

  /** The current columns. */
  async schema(): Promise<TableSchema> {
    return (await this.#module.call("schema")) as TableSchema;
  }

  /** The snapshots that can still be read, oldest first. */
  async snapshots(): Promise<Snapshot[]> {
    return (await this.#module.call("snapshots")) as Snapshot[];
  }

  /** The metadata of the version that is known, as its JSON. A text, since ids are beyond what numbers of JavaScript hold. */
  async metadataJson(): Promise<string> {
    return (await this.#module.call("metadataJson")) as string;
  }

  /** Looks for newer versions, and returns the newest's number. One request if there is none. */
  async refresh({ signal }: Abortable = {}): Promise<number> {
    return (await this.#module.call("refresh", [], signal)) as number;
  }

  /**
   * Appends rows, as one snapshot: all of them, durably, or none. Rows are objects, or an Arrow IPC stream; an (async)
   * iterable brings either piece by piece, and is written as it comes, in bounded memory. Columns are matched by name.
   *
   * Other writers do not make it fail. When it is aborted, it is open whether the rows are appended.
   */
  async append(rows: Appendable, { signal, ...options }: AppendOptions = {}): Promise<CommitReceipt> {
    signal?.throwIfAborted();
    const method = rows instanceof Uint8Array ? "appendIpc" : Array.isArray(rows) ? "append" : "appendStream";
    const given = method === "appendStream" ? batchesOf(rows as Exclude<Appendable, Uint8Array>) : rows;
    return (await this.#module.call(method, [given, defined(options)], signal)) as CommitReceipt;
  }

  /** Begins to append rows that come bit by bit, in bounded memory. Nothing is in the table before it is committed. */
  writer(options: WriterOptions = {}): Writer {
    const { batchRows: _, ...append } = options;
    return new Writer((rows) => this.append(rows, append), options);
  }

  /** Begins a transaction: changes that take effect together. */
  transaction(): Transaction {
    return new Transaction(this.#module);
  }

  /** Deletes the rows that satisfy a condition: `await table.delete("level = 'debug'")`. */
  async delete(filter: string, options?: TransactionOptions): Promise<TransactionReceipt> {
    return this.transaction().delete(filter).commit(options);
  }

  /** Puts rows in the place of those with the same values in the columns `on`, and appends the others. */
  async upsert(rows: Appendable, { on, ...options }: KeyedOptions): Promise<TransactionReceipt> {
    return this.transaction().upsert(rows, on).commit(options);
  }

  /** Appends the rows whose values in the columns `on` no row of the table has. */
  async appendNew(rows: Appendable, { on, ...options }: KeyedOptions): Promise<TransactionReceipt> {
    return this.transaction().appendNew(rows, on).commit(options);
  }

  /** Updates, deletes and inserts rows by those of a source with the same values in the columns `on`. */
  async merge(rows: Appendable, { on, clauses, columns, lastWins, ...options }: MergeOptions): Promise<TransactionReceipt> {
    return this.transaction().merge(rows, { on, clauses, columns, lastWins }).commit(options);
  }

  /** Appends Parquet files that are in the store already: `await table.addFiles(["data/x.parquet"])`. */
  async addFiles(files: readonly string[], options?: TransactionOptions): Promise<TransactionReceipt> {
    return this.transaction().addFiles(files).commit(options);
  }

  /** Puts rows in the place of all of the partitions that they are in. */
  async overwritePartitions(rows: Appendable, options?: TransactionOptions): Promise<TransactionReceipt> {
    return this.transaction().overwritePartitions(rows).commit(options);
  }

  /** Deletes the rows that satisfy a condition and appends others, as one snapshot. */
  async overwrite(filter: string, rows: Appendable, options?: TransactionOptions): Promise<TransactionReceipt> {
    return this.transaction().overwrite(filter, rows).commit(options);
  }

  /** Creates a branch, to be written to with `branch` and read with `ref`: `await table.createBranch("audit")`. */
  async createBranch(name: string, { signal, ...options }: BranchOptions & Abortable = {}): Promise<TransactionReceipt> {
    return this.transaction().createBranch(name, options).commit({ signal });
  }

  /** Creates a tag: a name of a snapshot that stays. */
  async createTag(name: string, { signal, ...options }: TagOptions & Abortable = {}): Promise<TransactionReceipt> {
    return this.transaction().createTag(name, options).commit({ signal });
  }

  /** Moves a branch forward to where another branch or a tag is: `await table.fastForward("main", "audit")`. */
  async fastForward(branch: string, to: string, options?: Abortable): Promise<TransactionReceipt> {
    return this.transaction().fastForward(branch, to).commit(options);
  }

  /** Sets `main`, or another branch, back to an earlier snapshot of its own. */
  async rollbackTo(snapshotId: bigint | string, options?: TransactionOptions): Promise<TransactionReceipt> {
    return this.transaction().rollbackTo(snapshotId).commit(options);
  }

  /** Appends to `main`, or another branch, what a snapshot elsewhere has appended. */
  async cherryPick(snapshotId: bigint | string, options?: TransactionOptions): Promise<TransactionReceipt> {
    return this.transaction().cherryPick(snapshotId).commit(options);
  }

  /**
   * Rows, an Arrow IPC stream or a Parquet file as {@link append} would store them: an Arrow IPC stream that has exactly
   * the table's columns, which `append` takes in turn. Throws what an append of them would, and writes nothing.
   */
  async preview(rows: readonly Row[] | Uint8Array): Promise<Uint8Array> {
    return (await this.#module.call("preview", [rows])) as Uint8Array;
  }

  /** Begins a scan. It is asked for nothing until it is read, and reads the newest version that is known then. */
  scan<R extends object = Row>({ signal, ...options }: ScanOptions = {}): Scan<R> {
    return new Scan<R>(source(this.#module, defined(options)), signal);
  }

  /** Counts rows. Without a filter, from metadata alone. */
  async count({ signal, ...options }: ScanOptions = {}): Promise<number> {
    return (await this.#module.call("count", [defined(options)], signal)) as number;
  }

  /** What the table is made of, as rows with the columns of Iceberg's metadata tables. */
  async inspect(
    table: MetadataTable,
    { signal, ...options }: InspectOptions = {},
  ): Promise<Row[]> {
    return [...rowsOf<Row>(await this.inspectIPC(table, { signal, ...options }))];
  }

  /** The same as an Arrow IPC stream. */
  async inspectIPC(
    table: MetadataTable,
    { signal, ...options }: InspectOptions = {},
  ): Promise<Uint8Array> {
    return (await this.#module.call("inspect", [table, defined(options)], signal)) as Uint8Array;
  }

  /** What the footer of a Parquet file of the table says, as JSON: columns, row groups, encodings, sizes, statistics. */
  async parquetFooter(path: string, { signal }: Abortable = {}): Promise<string> {
    return (await this.#module.call("parquetFooter", [path], signal)) as string;
  }

  /** A manifest or a manifest list of the table, as JSON; bytes are in Base64. */
  async manifestJson(path: string, { signal }: Abortable = {}): Promise<string> {
    return (await this.#module.call("manifestJson", [path], signal)) as string;
  }

  /**
   * New snapshots as they are committed, each once, the oldest first: those after the newest that the table knows when the
   * first is asked for.
   * To process what is appended: `table.scan({ snapshotId, appendsSince: parentSnapshotId ?? null })`.
   */
  tail({ interval = 1_000, signal }: TailOptions = {}): Pulled<Snapshot> {
    const begin = async () => (await this.#module.call("tail", [interval])) as Handle;
    return new Pulled<Snapshot>(this.#module.backend, begin, signal);
  }

  /** Settles a commit whose outcome was unknown, by the `token` of its error. From any process and at any later time. */
  async resolve(token: string, { signal }: Abortable = {}): Promise<Resolution> {
    return (await this.#module.call("resolve", [token], signal)) as Resolution;
  }

  /** Gives back the memory that the table takes. It is used no more, or opened again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#module.release();
  }
}
