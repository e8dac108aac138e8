import { batchesOf, type Appendable } from "./append.js";
import type { Lasting } from "./backend.js";
import type { Field, FieldType } from "./schema.js";
import { defined } from "./store.js";
import type { Abortable } from "./warehouse.js";

export interface TransactionReceipt {
  /** The version of the table that has the changes. */
  version: number;
  /** The snapshots that were made, the oldest first: one for each change of rows that had something to do. */
  snapshotIds: bigint[];
  /** Rows appended. */
  rows: number;
  /** Rows deleted. */
  deleted: number;
  /** Whether nothing was done, since a commit with the same idempotency key had been. */
  repeated: boolean;
  /** How many metadata files were tried, and how many of them others had been faster with. */
  attempts: number;
  conflicts: number;
}

export interface TransactionOptions extends Abortable {
  /**
   * What is done about rows that others add or change meanwhile. `serializable`, the default: as if the transaction had begun
   * after the last commit before its own. `snapshot`: rows that others add meanwhile are left as they are.
   */
  isolation?: "serializable" | "snapshot" | undefined;
  /**
   * The snapshot that the changes were decided on: fails with `conflict` if rows that the conditions may be true of were
   * removed since or, where isolation is serializable, added.
   */
  decidedOn?: bigint | string | undefined;
  /** Changes rows of this branch, and leaves `main` as it is. The transaction may create the branch itself. */
  branch?: string | undefined;
  /**
   * Commits once to a branch for each key, whoever commits. The key is kept with a snapshot, and goes where that goes: changes of
   * metadata alone have none.
   */
  idempotencyKey?: string | undefined;
}

export interface TagOptions {
  /** The snapshot that is named; the newest by default. */
  snapshotId?: bigint | string | undefined;
  /** How old the (newest) snapshot may be, in milliseconds, before the name is dropped when snapshots expire; of any age by default. */
  maxRefAgeMs?: number | undefined;
}

export interface BranchOptions extends TagOptions {
  /** How many of its snapshots are kept at least, however old; by default as the table's properties say. */
  minSnapshotsToKeep?: number | undefined;
  /** How old its snapshots may be, in milliseconds, before they expire; by default as the table's properties say. */
  maxSnapshotAgeMs?: number | undefined;
}

export interface KeyedOptions extends TransactionOptions {
  /** The columns that tell rows apart; where there are none, those that identify the table's rows. */
  on: readonly string[];
}

/** What becomes of a row, if a condition on the row of the source is true. */
export type MergeClause =
  | { when: "matched"; then: "update" | "delete"; if?: string | undefined }
  | { when: "not matched"; then: "insert"; if?: string | undefined };

export interface MergeOptions extends KeyedOptions {
  /** Of the clauses for a row that has a match the first counts whose condition is true. */
  clauses: readonly MergeClause[];
  /**
   * The columns that rows given as objects have: names of the table's columns, which are all that is updated, and fields of others,
   * which conditions may name. By default those of the table. Arrow has its own.
   */
  columns?: readonly (string | Field)[] | undefined;
  /** Of several rows of the source with the same key the last counts; without this they are an error. */
  lastWins?: boolean | undefined;
}

type Merge = Pick<MergeOptions, "on" | "clauses" | "columns" | "lastWins">;

type Change =
  | { kind: "append"; rows: Batches }
  | { kind: "delete"; filter: string }
  | { kind: "overwrite"; filter: string; rows: Batches }
  | { kind: "upsert" | "appendNew"; rows: Batches; on: readonly string[] }
  | { kind: "overwritePartitions"; rows: Batches }
  | { kind: "addFiles"; files: readonly string[] }
  | ({ kind: "merge"; rows: Batches } & Merge)
  | { kind: "setProperty"; name: string; value: string }
  | { kind: "removeProperty"; name: string }
  | { kind: "addColumn"; parent?: string; field: Field }
  | { kind: "dropColumn" | "makeOptional" | "dropBranch" | "dropTag"; name: string }
  | { kind: "renameColumn" | "fastForward"; name: string; to: string }
  | ({ kind: "createBranch" | "createTag"; name: string } & BranchOptions)
  | { kind: "rollbackTo" | "cherryPick"; snapshotId: bigint | string }
  | { kind: "updateType"; name: string; field: Field }
  | { kind: "setDoc"; name: string; value?: string }
  | ({ kind: "moveColumn"; name: string } & Place);

/** Where a column is put: first, or next to another that is named in full. */
export type Place = { before?: undefined; after?: undefined } | { before: string } | { after: string };

type Batches = ReturnType<typeof batchesOf>;

/**
 * Changes to a table that take effect together, or not at all: `await table.transaction().delete("day < '2026-01-01'").append(rows).commit()`.
 * They are made in their order, each on what those before it left.
 */
export class Transaction {
  readonly #module: Lasting;
  readonly #changes: readonly Change[];

  /** @internal */
  constructor(module: Lasting, changes: readonly Change[] = []) {
    this.#module = module;
    this.#changes = changes;
  }

  #with(change: Change): Transaction {
    return new Transaction(this.#module, [...this.#changes, change]);
  }

  /** Appends rows. */
  append(rows: Appendable): Transaction {
    return this.#with({ kind: "append", rows: brought(rows) });
  }

  /** Deletes the rows that satisfy a condition. Those of which it is not true, since a column is null, stay. */
  delete(filter: string): Transaction {
    return this.#with({ kind: "delete", filter });
  }

  /** Deletes the rows that satisfy a condition and appends others, as one snapshot. The new rows need not satisfy it. */
  overwrite(filter: string, rows: Appendable): Transaction {
    return this.#with({ kind: "overwrite", filter, rows: brought(rows) });
  }

  /**
   * Puts rows in the place of those that have the same values in the columns `on`, and appends those that replace none, as
   * one snapshot. Of several rows with the same key the last stays; a key with a null is an error. They are held in memory.
   */
  upsert(rows: Appendable, on: readonly string[]): Transaction {
    return this.#with({ kind: "upsert", rows: brought(rows), on });
  }

  /** Appends those rows whose values in the columns `on` no row of the table has, and of several the first. */
  appendNew(rows: Appendable, on: readonly string[]): Transaction {
    return this.#with({ kind: "appendNew", rows: brought(rows), on });
  }

  /**
   * Updates or deletes rows of the table that have the same values in the columns `on` as rows of a source, and inserts those of
   * the source that have no match, as one snapshot. Updated rows take the columns that the source has; others keep theirs.
   */
  merge(rows: Appendable, merge: Merge): Transaction {
    return this.#with({ kind: "merge", rows: brought(rows), ...merge });
  }

  /** Puts rows in the place of all of the partitions that they are in; of a table without partitions, of all rows. */
  overwritePartitions(rows: Appendable): Transaction {
    return this.#with({ kind: "overwritePartitions", rows: brought(rows) });
  }

  /**
   * Appends Parquet files that are in the store already, by their URIs or their paths in the table: they belong to it from then on.
   * Of each the footer is read; all must fit the table's columns, and be in one partition.
   */
  addFiles(files: readonly string[]): Transaction {
    return this.#with({ kind: "addFiles", files });
  }

  /** Puts these rows in the place of all that are there. */
  replaceAll(rows: Appendable): Transaction {
    return this.overwrite("true", rows);
  }

  /**
   * Adds a column that may be null, behind the others of the table or of `parent`: a struct, a list of structs or a map to
   * structs. Rows that are appended afterwards have it.
   */
  addColumn(field: Field, parent?: string): Transaction {
    return this.#with(parent === undefined ? { kind: "addColumn", field } : { kind: "addColumn", parent, field });
  }

  /** Drops a column, named in full (`address.city`). One of the same name that is added later is another. */
  dropColumn(name: string): Transaction {
    return this.#with({ kind: "dropColumn", name });
  }

  /** Gives a column, named in full, another name: `to` is without what it is in. */
  renameColumn(name: string, to: string): Transaction {
    return this.#with({ kind: "renameColumn", name, to });
  }

  /** Gives a column a wider type: `long` for `int`, `double` for `float`, a decimal of more digits. */
  updateType(name: string, type: FieldType): Transaction {
    return this.#with({ kind: "updateType", name, field: { name: "type", type } });
  }

  /** Lets a column be null. */
  makeOptional(name: string): Transaction {
    return this.#with({ kind: "makeOptional", name });
  }

  /** Gives a column a comment for people, or takes it away. */
  setDoc(name: string, doc?: string): Transaction {
    return this.#with(doc === undefined ? { kind: "setDoc", name } : { kind: "setDoc", name, value: doc });
  }

  /** Puts a column first, or before or after another: `moveColumn("id", { after: "at" })`. */
  moveColumn(name: string, place: Place = {}): Transaction {
    return this.#with({ kind: "moveColumn", name, ...place });
  }

  /** Makes the format's version 2 or 3, in place and for good: no file is touched. In version 3 each row has an id that it keeps. */
  upgrade(formatVersion: 2 | 3): Transaction {
    return this.setProperty("format-version", `${formatVersion}`);
  }

  /** Sets a table property. */
  setProperty(name: string, value: string): Transaction {
    return this.#with({ kind: "setProperty", name, value });
  }

  /** Removes a table property, if it is there. */
  removeProperty(name: string): Transaction {
    return this.#with({ kind: "removeProperty", name });
  }

  /** Creates a branch: a name that moves with what is committed to it. No file is touched. */
  createBranch(name: string, options: BranchOptions = {}): Transaction {
    return this.#with({ kind: "createBranch", name, ...options });
  }

  /** Creates a tag: a name that stays with its snapshot. To move one, drop it and create it again in one transaction. */
  createTag(name: string, options: TagOptions = {}): Transaction {
    return this.#with({ kind: "createTag", name, ...options });
  }

  /** Drops a branch, but not `main`. Its snapshots stay until they expire. */
  dropBranch(name: string): Transaction {
    return this.#with({ kind: "dropBranch", name });
  }

  /** Drops a tag. */
  dropTag(name: string): Transaction {
    return this.#with({ kind: "dropTag", name });
  }

  /**
   * Moves a branch forward to where another branch or a tag is: `fastForward("main", "audit")` publishes what was written to
   * `audit`. Fails with `conflict` if the branch has a snapshot that the other does not have.
   */
  fastForward(branch: string, to: string): Transaction {
    return this.#with({ kind: "fastForward", name: branch, to });
  }

  /**
   * Sets the branch that is written to, `main` by default, back to an earlier snapshot of its own. What came after that is gone
   * from it, also what others commit meanwhile: unless isolation is `snapshot`, or `decidedOn` says what the newest snapshot was.
   * Then it fails with `conflict`.
   */
  rollbackTo(snapshotId: bigint | string): Transaction {
    return this.#with({ kind: "rollbackTo", snapshotId });
  }

  /**
   * Appends to the branch that is written to, `main` by default, what a snapshot elsewhere has appended: the same files. Fails with
   * `already-exists` where they are in it already. Where the snapshot follows on the newest, the branch is moved forward to it.
   */
  cherryPick(snapshotId: bigint | string): Transaction {
    return this.#with({ kind: "cherryPick", snapshotId });
  }

  /** Commits. When it is aborted, it is open whether the changes take effect. Rows from an iterable are brought once only. */
  async commit({ signal, ...options }: TransactionOptions = {}): Promise<TransactionReceipt> {
    const given = [this.#changes, defined(options)];
    return (await this.#module.call("commitChanges", given, signal)) as TransactionReceipt;
  }
}

function brought(rows: Appendable): Batches {
  return batchesOf(rows instanceof Uint8Array ? [rows] : rows);
}
