import { releaseWith, type Backend, type Handle, type Lasting } from "./backend.js";
import { Pulled } from "./pull.js";
import { rowsOf, type Row } from "./rows.js";
import type { Abortable } from "./warehouse.js";

export interface ScanOptions extends Abortable {
  /**
   * Only these columns, in this order. Beside the table's own there are `_file`, `_pos`, `_spec_id`, `_partition` (a
   * struct of the fields of all of the table's partition specs; null where it was never partitioned) and, in v3 tables,
   * `_row_id` and `_last_updated_sequence_number`; with `changesSince` `_change_type`, `_change_ordinal` and
   * `_commit_snapshot_id`.
   */
  select?: string[] | undefined;
  /** Only rows for which this holds: `level = 'error' and ts >= '2026-11-01T00:00:00Z'`. */
  filter?: string | undefined;
  /** At most this many rows. */
  limit?: number | undefined;
  snapshotId?: bigint | string | undefined;
  asOf?: Date | number | string | undefined;
  /** A branch or tag. */
  ref?: string | undefined;
  /** Only rows that were appended after this snapshot; null: from the first on. */
  appendsSince?: bigint | string | null | undefined;
  /** Only rows that were inserted or deleted after this snapshot, with `_change_type`; null: from the first on. */
  changesSince?: bigint | string | null | undefined;
  /** At most this many rows a batch; 8192 by default. */
  batchRows?: number | undefined;
  /** At most this many files are read at a time; 32 by default. */
  concurrency?: number | undefined;
  /** At most about this many bytes are fetched and not yet decoded; 24 MiB by default. */
  bufferBytes?: number | undefined;
  /** Rows in the order of the files, and in the order of each file. */
  ordered?: boolean | undefined;
}

/** A `long` is a bigint; dates, times, decimals, uuids and bytes (in Base64) are texts. */
export type Scalar = boolean | number | bigint | string | null;

export interface Bounds {
  min: Scalar;
  max: Scalar;
}

export interface PlannedFile {
  path: string;
  records: number;
  bytes: number;
  deleteFiles: string[];
}

/** What a scan did: what was left out at each level, and what was read. */
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

/** Where rows come from. */
export interface Source {
  readonly backend: Backend;
  begin(signal?: AbortSignal): Promise<Handle>;
  whole(signal?: AbortSignal): Promise<Uint8Array>;
  plan(signal?: AbortSignal): Promise<Handle>;
}

/** The rows of a table. */
export function source(table: Lasting, options: object): Source {
  return {
    backend: table.backend,
    begin: async (signal) => (await table.call("stream", [options], signal)) as Handle,
    whole: async (signal) => (await table.call("scan", [options], signal)) as Uint8Array,
    plan: async (signal) => (await table.call("plan", [options], signal)) as Handle,
  };
}

/** Rows that are read when they are asked for: as batches, or one by one. Each time anew. */
export class Scan<R extends object = Row> implements AsyncIterable<Uint8Array> {
  readonly #source: Source;
  readonly #signal: AbortSignal | undefined;
  #report: ScanReport | undefined;

  /** @internal */
  constructor(source: Source, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#signal = signal;
  }

  /** Batches, each an Arrow IPC stream of its own. Leaving the loop stops the requests. */
  [Symbol.asyncIterator](): Pulled<Uint8Array> {
    const { backend } = this.#source;
    const look = async (on: Handle) => {
      this.#report = (await backend.call({ on, method: "report", given: [] })) as ScanReport | undefined;
    };
    return new Pulled<Uint8Array>(backend, () => this.#source.begin(this.#signal), this.#signal, look);
  }

  /** Rows as objects: a `long` is a bigint, decimals, dates, times and uuids are texts, bytes a `Uint8Array`, a map a `Map`. */
  async *rows(): AsyncGenerator<R, void, undefined> {
    for await (const batch of this) yield* rowsOf<R>(batch);
  }

  /** All rows at once. */
  async toArray(): Promise<R[]> {
    const rows: R[] = [];
    for await (const batch of this) rows.push(...rowsOf<R>(batch));
    return rows;
  }

  /** All rows as one Arrow IPC stream, which has the columns even if there are no rows. */
  async toIPC(): Promise<Uint8Array> {
    return this.#source.whole(this.#signal);
  }

  /** All rows as one Parquet file, written as the table's properties say. */
  async toParquet(): Promise<Uint8Array> {
    return (await this.plan()).toParquet();
  }

  /** The batches as a stream that may be sent on. */
  readable(): ReadableStream<Uint8Array> {
    const batches = this[Symbol.asyncIterator]();
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await batches.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await batches.return();
      },
    });
  }

  /** Which files are read, without reading them. */
  async plan(): Promise<ScanPlan<R>> {
    return new ScanPlan<R>(this.#source.backend, await this.#source.plan(this.#signal), this.#signal);
  }

  /** What the last reading did, as far as it has come. */
  get report(): ScanReport | undefined {
    return this.#report;
  }
}

/** Which files a scan reads. */
export class ScanPlan<R extends object = Row> {
  readonly #backend: Backend;
  readonly #handle: Handle;
  readonly #signal: AbortSignal | undefined;

  /** @internal */
  constructor(backend: Backend, handle: Handle, signal: AbortSignal | undefined) {
    releaseWith(this, backend, handle);
    this.#backend = backend;
    this.#handle = handle;
    this.#signal = signal;
  }

  async files(): Promise<PlannedFile[]> {
    return (await this.#call("files")) as PlannedFile[];
  }

  /** What planning cost, and what it ruled out. */
  async report(): Promise<ScanReport> {
    return (await this.#call("report")) as ScanReport;
  }

  /** How many rows the scan has, if metadata tells exactly. */
  async exactCount(): Promise<number | undefined> {
    return (await this.#call("exactCount")) as number | undefined;
  }

  /** The bounds of a column over the scan's rows, nulls aside, if metadata tells exactly; null where there are none. */
  async exactBounds(column: string): Promise<Bounds | undefined> {
    return (await this.#call("exactBounds", column)) as Bounds | undefined;
  }

  /** The plan by partition, in no particular order: each to be read by itself. */
  async partitions(): Promise<ScanPlan<R>[]> {
    const handles = (await this.#call("partitions")) as Handle[];
    return handles.map((handle) => new ScanPlan<R>(this.#backend, handle, this.#signal));
  }

  /** The values of the partition, by the names of its fields, if this is the plan of one. */
  async partition(): Promise<Record<string, Scalar> | undefined> {
    return (await this.#call("partition")) as Record<string, Scalar> | undefined;
  }

  /** The rows of the files of the plan. */
  scan(): Scan<R> {
    const begin = async () => (await this.#call("stream")) as Handle;
    const whole = async () => (await this.#call("scan")) as Uint8Array;
    return new Scan<R>({ backend: this.#backend, begin, whole, plan: async () => this.#handle }, this.#signal);
  }

  /** The rows of the files of the plan as one Parquet file, written as the table's properties say. */
  async toParquet(): Promise<Uint8Array> {
    return (await this.#call("parquet")) as Uint8Array;
  }

  async #call(method: string, ...given: unknown[]): Promise<unknown> {
    return this.#backend.call({ on: this.#handle, method, given });
  }
}
