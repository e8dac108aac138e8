import type { Field, FieldType } from "datashard/worker";
import { typeName } from "../lib/types.js";

export interface Completion {
  text: string;
  /** The type of a column; what kind of word it is otherwise. */
  kind: string;
}

const MOST = 10;
const WORDS = ["and", "or", "not", "is null", "is not null", "in (", "between", "like '"];

/** What the word at the caret may become. */
export function complete(text: string, caret: number, fields: Field[]): Completion[] {
  if (isInText(text, caret)) return [];
  const word = wordAt(text, caret).toLowerCase();
  if (!word) return [];
  const columns = leaves(fields, "").filter(({ text }) => text.toLowerCase().includes(word));
  columns.sort((a, b) => Number(!a.text.toLowerCase().startsWith(word)) - Number(!b.text.toLowerCase().startsWith(word)));
  const words = WORDS.filter((one) => one.startsWith(word)).map((text) => ({ text, kind: "word" }));
  return [...columns, ...words].filter(({ text }) => text.toLowerCase() !== word).slice(0, MOST);
}

/** The text with the word at the caret replaced, and where the caret is then. */
export function insert(text: string, caret: number, { text: word, kind }: Completion): { text: string; caret: number } {
  const start = caret - wordAt(text, caret).length;
  const quoted = kind !== "word" && !/^[\p{L}_][\p{L}\p{N}_.]*$/u.test(word) ? `"${word.replaceAll('"', '""')}"` : word;
  const space = /[('"]$/.test(quoted) && kind === "word" ? "" : " ";
  const before = text.slice(0, start) + quoted + space;
  return { text: before + text.slice(caret).trimStart(), caret: before.length };
}

function wordAt(text: string, caret: number): string {
  return /[\p{L}\p{N}_.]*$/u.exec(text.slice(0, caret))![0];
}

function isInText(text: string, caret: number): boolean {
  return (text.slice(0, caret).match(/'/g)?.length ?? 0) % 2 === 1;
}

function leaves(fields: Field[], prefix: string): Completion[] {
  return fields.flatMap(({ name, type }) => [
    { text: prefix + name, kind: typeName(type) },
    ...(isStruct(type) ? leaves(type.fields, `${prefix}${name}.`) : []),
  ]);
}

function isStruct(type: FieldType): type is Extract<FieldType, { type: "struct" }> {
  return typeof type === "object" && type.type === "struct";
}
