import type { Appendable, Piece } from "./append.js";
import { DataShardError } from "./error.js";
import type { Row } from "./rows.js";
import type { AppendOptions, CommitReceipt } from "./table.js";

export interface WriterOptions extends AppendOptions {
  /** Rows that come one by one are encoded when there are so many; 10000 by default. */
  batchRows?: number | undefined;
}

/**
 * Appends rows that come bit by bit, in bounded memory: `await writer.write(row)`. They are uploaded as they come, and are in the
 * table when they are committed, by {@link finish} or {@link commit}: all of them, as one snapshot, or none. A write waits until
 * there is room, so wait for it. What goes wrong, such as a row that does not fit, is thrown from then on, and nothing of what was
 * not committed is in the table, unless its `code` is `commit-state-unknown`.
 */
export class Writer implements AsyncDisposable {
  readonly #append: (rows: Appendable) => Promise<CommitReceipt>;
  readonly #batchRows: number;
  readonly #isOnce: boolean;
  #held: Row[] = [];
  #begun: Begun | undefined;
  #failed: { reason: unknown } | undefined;

  /** @internal */
  constructor(append: (rows: Appendable) => Promise<CommitReceipt>, { batchRows = 10_000, idempotencyKey }: WriterOptions) {
    this.#append = append;
    this.#batchRows = Math.max(1, batchRows);
    this.#isOnce = idempotencyKey !== undefined;
  }

  /** Takes a row, an array of rows, or an Arrow IPC stream. */
  async write(rows: Piece): Promise<void> {
    if (this.#failed) throw this.#failed.reason;
    if (rows instanceof Uint8Array) {
      const held = this.#taken();
      if (held.length > 0) await this.#give(held);
      return this.#give(rows);
    }
    if (Array.isArray(rows)) for (const row of rows as readonly Row[]) this.#held.push(row);
    else this.#held.push(rows as Row);
    if (this.#held.length >= this.#batchRows) await this.#give(this.#taken());
  }

  /** Commits the rows that were taken since the last commit, and goes on; undefined if there were none. */
  async commit(): Promise<CommitReceipt | undefined> {
    if (this.#isOnce) {
      throw new DataShardError("invalid-input", "a writer with an idempotency key commits once: when it is finished");
    }
    return this.#end();
  }

  /** Commits the rows that were taken since the last commit; undefined if there were none. Nothing is taken afterwards. */
  async finish(): Promise<CommitReceipt | undefined> {
    const receipt = await this.#end();
    this.#failed = { reason: new DataShardError("invalid-input", "the writer is finished") };
    return receipt;
  }

  /** Gives up what was not committed, unless that is under way. Nothing is taken afterwards. */
  async abandon(reason: unknown = new DataShardError("invalid-input", "the writer was abandoned")): Promise<void> {
    this.#failed ??= { reason };
    this.#held = [];
    const begun = this.#begun;
    this.#begun = undefined;
    begun?.rows.fail(reason);
    await begun?.done.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abandon();
  }

  #taken(): Row[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }

  async #give(rows: readonly Row[] | Uint8Array): Promise<void> {
    if (!this.#begun) {
      const given = new Given();
      const done = this.#append(given);
      done.catch((reason: unknown) => {
        this.#failed ??= { reason };
        given.fail(reason);
      });
      this.#begun = { rows: given, done };
    }
    const { rows: given, done } = this.#begun;
    await Promise.race([given.give(rows), done]);
    if (this.#failed) throw this.#failed.reason;
  }

  async #end(): Promise<CommitReceipt | undefined> {
    if (this.#failed) throw this.#failed.reason;
    const held = this.#taken();
    if (held.length > 0) await this.#give(held);
    const begun = this.#begun;
    this.#begun = undefined;
    begun?.rows.end();
    return begun?.done;
  }
}

interface Begun {
  rows: Given;
  done: Promise<CommitReceipt>;
}

/** What is given piece by piece, each when the one before was taken. */
class Given implements AsyncIterable<Piece> {
  readonly #pieces: Piece[] = [];
  #isEnded = false;
  #failed: { reason: unknown } | undefined;
  #changed: () => void = () => undefined;
  #waiting: (() => void)[] = [];

  async give(piece: Piece): Promise<void> {
    this.#pieces.push(piece);
    this.#changed();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  end(): void {
    this.#isEnded = true;
    this.#changed();
  }

  fail(reason: unknown): void {
    this.#failed ??= { reason };
    this.#changed();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Piece, void, undefined> {
    for (;;) {
      if (this.#failed) throw this.#failed.reason;
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        this.#waiting.shift()?.();
        yield piece;
      } else if (this.#isEnded) {
        return;
      } else {
        await new Promise<void>((resolve) => (this.#changed = resolve));
      }
    }
  }
}
