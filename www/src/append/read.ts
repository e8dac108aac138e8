import type { Field, Row } from "datashard/worker";
import { parseAll } from "../lib/exact.js";
import { convert } from "./convert.js";
import { parseCsv, type CsvField } from "./csv.js";

/** What is wrong with a value, or with a row as a whole. */
export interface Problem {
  /** From 1; nothing, if it is about all of them. */
  row: number | undefined;
  column: string;
  why: string;
}

/** What was typed or dropped, as the table takes it. */
export interface Read {
  kind: "JSON" | "CSV" | "Parquet" | "Arrow";
  /** Rows, also those with problems, or a file of them. */
  rows: Row[] | Uint8Array;
  problems: Problem[];
}

/** More problems than these are not shown. */
export const MOST_PROBLEMS = 20;

export function readFile(name: string, bytes: Uint8Array, fields: Field[]): Read {
  const begins = (...magic: number[]) => magic.every((byte, at) => bytes[at] === byte);
  if (begins(0x50, 0x41, 0x52, 0x31)) return { kind: "Parquet", rows: bytes, problems: [] };
  if (begins(0xff, 0xff, 0xff, 0xff)) return { kind: "Arrow", rows: bytes, problems: [] };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const why = `${name} is neither text in UTF-8 nor a Parquet file nor an Arrow IPC stream`;
    return { kind: "CSV", rows: [], problems: [{ row: undefined, column: "", why }] };
  }
  return /\.(csv|tsv)$/i.test(name) ? csv(text, fields) : readText(text, fields);
}

/** JSON begins with a bracket, and CSV with the name of a column. */
export function readText(text: string, fields: Field[]): Read {
  return /^\s*[[{]/.test(text) ? json(text) : csv(text, fields);
}

/** An array of objects, or one object a line. */
function json(text: string): Read {
  const problems: Problem[] = [];
  try {
    const all = parseAll(text);
    return { kind: "JSON", rows: (Array.isArray(all) ? all : [all]) as Row[], problems };
  } catch (error) {
    const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
    const isLines = !text.trimStart().startsWith("[") && lines.length > 1;
    if (!isLines) return { kind: "JSON", rows: [], problems: [{ row: undefined, column: "", why: (error as Error).message }] };
    const rows = lines.map((line, index): Row => {
      try {
        return parseAll(line) as Row;
      } catch (error) {
        problems.push({ row: index + 1, column: "", why: (error as Error).message });
        return {};
      }
    });
    return { kind: "JSON", rows, problems: problems.slice(0, MOST_PROBLEMS) };
  }
}

function csv(text: string, fields: Field[]): Read {
  const problems: Problem[] = [];
  const fail = (why: string, row?: number, column = ""): Read => ({ kind: "CSV", rows: [], problems: [{ row, column, why }] });
  let lines: CsvField[][];
  try {
    lines = parseCsv(text);
  } catch (error) {
    return fail((error as Error).message);
  }
  const [head = [], ...records] = lines;
  const names = head.map(({ text }) => text.trim());
  const columns = names.map((name) => fields.find((field) => field.name === name));
  const unknown = columns.indexOf(undefined);
  if (unknown >= 0) return fail("the first line names the columns, and the table has no such column", undefined, names[unknown]);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) return fail("the first line names this column twice", undefined, twice);
  const rows = records.map((record, index): Row => {
    if (record.length !== names.length) {
      problems.push({ row: index + 1, column: "", why: `it has ${record.length} fields, and the first line has ${names.length}` });
      return {};
    }
    const values = record.map((field, at): [string, unknown] => {
      try {
        return [names[at]!, convert(field, columns[at]!.type)];
      } catch (error) {
        problems.push({ row: index + 1, column: names[at]!, why: (error as Error).message });
        return [names[at]!, null];
      }
    });
    return Object.fromEntries(values);
  });
  return { kind: "CSV", rows, problems: problems.slice(0, MOST_PROBLEMS) };
}
