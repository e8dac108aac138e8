import { computed, signal } from "@preact/signals";
import { rowsOf, type Row } from "datashard/worker";
import { count } from "../lib/format.js";
import type { Compare } from "./order.js";
import type { RowSource } from "./source.js";

/** At most so many rows are read to be sorted. */
export const READ = 1_000_000;
/** The first so many of their order are kept. */
export const KEPT = 10_000;

/** The first rows by an order, of all that a scan brings. What it has so far shows while it reads. */
export class Sorted implements RowSource {
  readonly #begin: () => AsyncIterable<Uint8Array>;
  readonly #compare: Compare;
  readonly #by: string;
  #rows: Row[] = [];
  #isClosed = false;

  readonly #read = signal(0);
  readonly total = signal<number | undefined>(undefined);
  readonly loaded = signal(0);
  readonly length = computed(() => this.loaded.value);
  readonly isDone = signal(false);
  readonly error = signal<unknown>(undefined);
  readonly version = signal(0);
  readonly note = computed(() => this.#describe());

  constructor(begin: () => AsyncIterable<Uint8Array>, compare: Compare, by: string) {
    this.#begin = begin;
    this.#compare = compare;
    this.#by = by;
    void this.#run();
  }

  at(index: number): Row | undefined {
    return this.#rows[index];
  }

  want(): void {}

  retry(): void {
    this.error.value = undefined;
    void this.#run();
  }

  close(): void {
    this.#isClosed = true;
  }

  async #run(): Promise<void> {
    this.#rows = [];
    this.#read.value = 0;
    try {
      let fresh: Row[] = [];
      for await (const batch of this.#begin()) {
        if (this.#isClosed) return;
        for (const row of rowsOf<Row>(batch)) fresh.push(row);
        // Sorting seldom costs less than sorting often.
        if (fresh.length < KEPT && this.#rows.length > 0) continue;
        this.#merge(fresh);
        fresh = [];
        if (this.#read.peek() >= READ) break;
      }
      this.#merge(fresh);
      this.isDone.value = true;
    } catch (error) {
      if (!this.#isClosed) this.error.value = error;
    }
  }

  #merge(fresh: Row[]): void {
    this.#read.value += fresh.length;
    this.#rows = [...this.#rows, ...fresh].sort(this.#compare).slice(0, KEPT);
    this.loaded.value = this.#rows.length;
    this.version.value += 1;
  }

  #describe(): string {
    const [read, shown, total] = [this.#read.value, this.loaded.value, this.total.value];
    const of = total === undefined ? "" : ` of ${count(total)}`;
    if (!this.isDone.value) return `Sorting by ${this.#by}: ${count(read)}${of} rows read`;
    const isWhole = read < READ || read === total;
    const what = isWhole ? `all ${count(read)} rows` : `the first ${count(read)}${of} rows, filter to sort others`;
    const only = shown < read ? `, the first ${count(shown)} shown` : "";
    return `Sorted by ${this.#by} over ${what}${only}`;
  }
}
