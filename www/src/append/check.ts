import { rowsOf, type Row, type Table } from "datashard/worker";
import { MOST_PROBLEMS, type Problem, type Read } from "./read.js";

/** Rows as the table will store them, or what keeps it from that. */
export interface Checked {
  /** What is appended. */
  ipc: Uint8Array | undefined;
  count: number;
  /** The first of them. */
  shown: Row[];
  problems: Problem[];
  /** So that the same rows are not appended twice, whatever becomes of the answer. */
  key: string;
}

/** So many rows are shown. */
const SHOWN = 100;
const PAUSE = 20_000;
/** No more rows than these are checked again for further problems. */
const MOST_CHECKED = 200_000;

/** What the table says of rows. It names one value at a time: others are looked for without that row. */
export async function check(table: Table, { rows, problems: known }: Read): Promise<Checked> {
  if (known.some(({ row }) => row === undefined)) return refused(known);
  const problems = [...known];
  const bad = new Set(known.map(({ row }) => row! - 1));
  const places = Array.isArray(rows) ? rows.map((_, index) => index).filter((index) => !bad.has(index)) : undefined;
  let left = places ? places.map((index) => (rows as Row[])[index]!) : rows;
  for (let checked = 0; ; checked += left.length) {
    try {
      const ipc = await table.preview(left);
      if (problems.length > 0) return refused(problems);
      return await accepted(ipc);
    } catch (error) {
      const { row, ...problem } = told(error);
      const isKnown = row !== undefined && places !== undefined;
      problems.push({ row: row === undefined ? undefined : (places?.[row] ?? row) + 1, ...problem });
      if (!isKnown || problems.length >= MOST_PROBLEMS || checked > MOST_CHECKED) return refused(problems);
      places.splice(row, 1);
      left = (left as Row[]).filter((_, index) => index !== row);
    }
  }
}

/** The row, counted from 0, and the column that a message of the library names. */
function told(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  const [, row, column, why] = /(?:row (\d+))?(?:(?:, )?column `(.+?)`)?: ([^]*)$/.exec(message) ?? [];
  if (row === undefined && column === undefined) return { row: undefined, column: "", why: message };
  return { row: row === undefined ? undefined : Number(row), column: column ?? "", why: why ?? message };
}

async function accepted(ipc: Uint8Array): Promise<Checked> {
  const shown: Row[] = [];
  let count = 0;
  for (const row of rowsOf<Row>(ipc)) {
    if (count++ < SHOWN) shown.push(row);
    // The page has other things to do meanwhile.
    if (count % PAUSE === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { ipc, count, shown, problems: [], key };
}

function refused(problems: Problem[]): Checked {
  return { ipc: undefined, count: 0, shown: [], problems: problems.sort((a, b) => (a.row ?? 0) - (b.row ?? 0)), key: "" };
}
