import type { Row } from "datashard/worker";
import { fullText } from "./values.js";

export function csvHead(names: string[]): string {
  return `${names.map(quote).join(",")}\r\n`;
}

/** Null is nothing, and an empty text is quotes around nothing. */
export function csvLine(names: string[], row: Row): string {
  return `${names.map((name) => cell(row[name])).join(",")}\r\n`;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  return value === "" ? '""' : quote(fullText(value));
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
