import { Lasting, type Backend, type Handle } from "./backend.js";
import type { TableSchema } from "./schema.js";
import { defined, type Store } from "./store.js";
import { Table } from "./table.js";

export interface Abortable {
  /** Stops what was asked for, and its requests. What is thrown is the signal's reason. */
  signal?: AbortSignal | undefined;
}

export interface CreateOptions extends Abortable {
  /** Table properties, such as `write.parquet.compression-codec`. */
  properties?: Record<string, string> | undefined;
  /** What rows are divided into files by: columns, or `day(at)`, `bucket(16, id)`, `truncate(4, name)`. */
  partitionBy?: readonly string[] | undefined;
  /** What rows are sorted by within files: `level`, `at desc nulls last`, `day(at)`. */
  sortBy?: readonly string[] | undefined;
  /** The version of Iceberg's format: 2, the default, or 3, in which rows have ids, and which some readers do not know yet. */
  formatVersion?: 2 | 3 | undefined;
  /** If the table is there already, with these columns, open it. */
  orOpen?: boolean | undefined;
}

/** The module's side of a warehouse. */
export function connect(store: Store, backend: Backend): Lasting {
  const make = async () => (await backend.call({ on: undefined, method: "s3", given: [store.options] })) as Handle;
  return new Lasting(backend, make);
}

/** A place where tables are. */
export class Warehouse {
  readonly #module: Lasting;

  /** @internal */
  constructor(module: Lasting) {
    this.#module = module;
  }

  /** Creates a table. */
  async create(name: string, schema: TableSchema, { signal, formatVersion, ...options }: CreateOptions = {}): Promise<Table> {
    // As in other engines, a property that is none.
    if (formatVersion !== undefined) options.properties = { ...options.properties, "format-version": `${formatVersion}` };
    const handle = (await this.#module.call("create", [name, schema, defined(options)], signal)) as Handle;
    return Table.over(this.#lasting("open", name, handle));
  }

  /** Opens a table at its newest version. Writes nothing. */
  async open(name: string, { signal }: Abortable = {}): Promise<Table> {
    const handle = (await this.#module.call("open", [name], signal)) as Handle;
    return Table.over(this.#lasting("open", name, handle));
  }

  /** Opens a table by one of its metadata files, of whatever name: its path, or its URI. It is read-only. */
  async openMetadata(file: string, { signal }: Abortable = {}): Promise<Table> {
    const handle = (await this.#module.call("openMetadata", [file], signal)) as Handle;
    return Table.over(this.#lasting("openMetadata", file, handle));
  }

  /** Drops a table, for good: its name is free for another. Its files stay. */
  async dropTable(name: string, { signal }: Abortable = {}): Promise<void> {
    await this.#module.call("dropTable", [name], signal);
  }

  /**
   * The same warehouse, in which files of tables may lie below this location too, besides their own tables':
   * `s3://bucket/imported`. With `recorded`, what metadata says is below that is read below `location`.
   */
  allow(location: string, recorded?: string): Warehouse {
    const make = async () => (await this.#module.call("allow", [location, recorded])) as Handle;
    return new Warehouse(new Lasting(this.#module.backend, make));
  }

  #lasting(method: string, name: string, handle: Handle): Lasting {
    const module = this.#module;
    return new Lasting(module.backend, async () => (await module.call(method, [name])) as Handle, handle);
  }
}
