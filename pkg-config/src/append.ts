import { DataShardError } from "./error.js";
import type { Row } from "./rows.js";

/** A row, an array of rows, or an Arrow IPC stream. */
export type Piece = Row | readonly Row[] | Uint8Array;

/** Rows, an Arrow IPC stream, or an (async) iterable of rows, of arrays of rows, or of Arrow IPC streams. */
export type Appendable = Uint8Array | readonly Row[] | Iterable<Piece> | AsyncIterable<Piece>;

/** Single rows go to the module so many at a time. */
const ROWS = 1_000;

/** A function that brings the next piece each time it is called, an array of rows or an Arrow IPC stream; at the end, undefined. */
export function batchesOf(rows: Iterable<Piece> | AsyncIterable<Piece>): () => Promise<readonly Row[] | Uint8Array | undefined> {
  if (typeof rows !== "object" || !(Symbol.asyncIterator in rows || Symbol.iterator in rows)) {
    throw new DataShardError("invalid-input", "the rows must be an array, an Arrow IPC stream, or an iterable of these");
  }
  const batches = gathered(rows);
  return async () => {
    const { done, value } = await batches.next();
    return done ? undefined : value;
  };
}

async function* gathered(rows: Iterable<Piece> | AsyncIterable<Piece>) {
  let single: Row[] = [];
  for await (const piece of rows) {
    const isMany = piece instanceof Uint8Array || Array.isArray(piece);
    if (!isMany) single.push(piece as Row);
    if (single.length > 0 && (isMany || single.length === ROWS)) {
      yield single;
      single = [];
    }
    if (isMany) yield piece as readonly Row[] | Uint8Array;
  }
  if (single.length > 0) yield single;
}
