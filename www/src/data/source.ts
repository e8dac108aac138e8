import type { ReadonlySignal, Signal } from "@preact/signals";
import type { Row } from "datashard/worker";

/** Rows for the grid. */
export interface RowSource {
  /** How many rows there are, once that is known. */
  readonly total: Signal<number | undefined>;
  /** How many rows the grid has room for; more may come while `isDone` does not hold. */
  readonly length: ReadonlySignal<number>;
  /** How many rows have come. */
  readonly loaded: ReadonlySignal<number>;
  readonly isDone: ReadonlySignal<boolean>;
  readonly error: ReadonlySignal<unknown>;
  /** Changes when a row that was not there is there. */
  readonly version: ReadonlySignal<number>;
  /** What is said of the rows beside the grid. */
  readonly note: ReadonlySignal<string>;
  /** A row, if it is at hand. */
  at(index: number): Row | undefined;
  /** These rows are looked at. */
  want(first: number, last: number): void;
  retry(): void;
  close(): void;
}
