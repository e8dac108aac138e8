import { computed, signal } from "@preact/signals";
import { rowsOf, type Row } from "datashard/worker";
import { bytes, count } from "../lib/format.js";
import type { RowSource } from "./source.js";

/** So many rows are held as objects. */
const DECODED = 50_000;
/** Beyond so many bytes of Arrow no more rows are read. */
const MOST = 1 << 30;

interface Page {
  start: number;
  length: number;
  /** Outside of the page's memory; browsers put it on a disk. */
  ipc: Blob;
  rows: Row[] | undefined;
  isComing: boolean;
}

/** Rows in the order of the table, read on as far as one looks. What one has looked at is not read again. */
export class Pages implements RowSource {
  readonly #begin: () => AsyncIterable<Uint8Array>;
  readonly #pages: Page[] = [];
  readonly #decoded: Page[] = [];
  readonly #size = signal(0);
  #batches: AsyncIterator<Uint8Array> | undefined;
  /** How many rows of the scan have been brought. */
  #position = 0;
  #wanted = 1;
  #isReading = false;
  #isClosed = false;

  readonly total = signal<number | undefined>(undefined);
  readonly loaded = signal(0);
  readonly isDone = signal(false);
  readonly error = signal<unknown>(undefined);
  readonly version = signal(0);
  readonly length = computed(() => {
    if (this.isDone.value || this.#isFull.value) return this.loaded.value;
    return Math.max(this.total.value ?? 0, this.loaded.value);
  });
  readonly #isFull = computed(() => this.#size.value > MOST);
  readonly note = computed(() => {
    const loaded = count(this.loaded.value);
    if (this.#isFull.value) return `The first ${loaded} rows (${bytes(this.#size.value)}): filter to see others`;
    if (this.isDone.value) return `All ${loaded} rows are here`;
    const total = this.total.value;
    if (this.loaded.value === 0) return total === undefined ? "Reading…" : `Reading the first of ${count(total)} rows…`;
    return total === undefined ? `The first ${loaded} rows` : `The first ${loaded} of ${count(total)} rows`;
  });

  constructor(begin: () => AsyncIterable<Uint8Array>) {
    this.#begin = begin;
    void this.#read();
  }

  at(index: number): Row | undefined {
    const page = this.#pageOf(index);
    if (page && !page.rows) void this.#decode(page);
    return page?.rows?.[index - page.start];
  }

  want(first: number, last: number): void {
    for (let at = first; at <= last; ) {
      const page = this.#pageOf(at);
      if (!page) break;
      if (page.rows) this.#hold(page);
      at = page.start + page.length;
    }
    this.#wanted = last + 1;
    void this.#read();
  }

  retry(): void {
    this.error.value = undefined;
    // A scan that failed is over: another brings the same rows in the same order.
    this.#batches = undefined;
    this.#position = 0;
    void this.#read();
  }

  close(): void {
    this.#isClosed = true;
    void this.#batches?.return?.();
  }

  /** Reads until what is wanted is there, and a screen more. */
  async #read(): Promise<void> {
    if (this.#isReading || this.isDone.peek() || this.error.peek()) return;
    this.#isReading = true;
    try {
      this.#batches ??= this.#begin()[Symbol.asyncIterator]();
      while (!this.#isClosed && this.loaded.peek() < this.#wanted + 200 && !this.#isFull.peek()) {
        const { done, value } = await this.#batches.next();
        if (this.#isClosed) return;
        if (done) this.isDone.value = true;
        if (done) break;
        const rows = [...rowsOf<Row>(value)];
        this.#position += rows.length;
        if (this.#position > this.loaded.peek()) this.#add(value, rows);
      }
    } catch (error) {
      if (!this.#isClosed) this.error.value = error;
    } finally {
      this.#isReading = false;
    }
  }

  #add(ipc: Uint8Array, rows: Row[]): void {
    const page = { start: this.loaded.peek(), length: rows.length, ipc: new Blob([ipc as BlobPart]), rows, isComing: false };
    this.#pages.push(page);
    this.#hold(page);
    this.#size.value += ipc.byteLength;
    this.loaded.value += rows.length;
    this.version.value += 1;
  }

  async #decode(page: Page): Promise<void> {
    if (page.isComing) return;
    page.isComing = true;
    const ipc = new Uint8Array(await page.ipc.arrayBuffer());
    page.isComing = false;
    page.rows = [...rowsOf<Row>(ipc)];
    this.#hold(page);
    this.version.value += 1;
  }

  /** The page is the last to be let go. */
  #hold(page: Page): void {
    const at = this.#decoded.indexOf(page);
    if (at >= 0) this.#decoded.splice(at, 1);
    this.#decoded.push(page);
    let rows = this.#decoded.reduce((sum, { length }) => sum + length, 0);
    while (rows > DECODED && this.#decoded.length > 1) {
      const oldest = this.#decoded.shift()!;
      rows -= oldest.length;
      oldest.rows = undefined;
    }
  }

  #pageOf(index: number): Page | undefined {
    let [low, high] = [0, this.#pages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const page = this.#pages[middle]!;
      if (index < page.start) high = middle;
      else if (index >= page.start + page.length) low = middle + 1;
      else return page;
    }
    return undefined;
  }
}
