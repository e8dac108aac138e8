import type { FieldType } from "datashard/worker";
import { isExact, parseAll } from "../lib/exact.js";
import { typeText } from "../lib/types.js";
import type { CsvField } from "./csv.js";

/** What a field of a CSV file is in a column of this type; the same value or an `Error`. What is left to check, the table checks. */
export function convert({ text, isQuoted }: CsvField, type: FieldType): unknown {
  if (text === "" && !isQuoted) return null;
  if (typeof type !== "string") return nested(text, type);
  const wrong = (hint = "") => new Error(`${JSON.stringify(text)} does not fit type ${type} exactly${hint}`);
  if (type === "string") return text;
  if (type === "boolean") {
    if (!/^(true|false)$/i.test(text)) throw wrong(": true or false is wanted");
    return text.toLowerCase() === "true";
  }
  if (type === "int" || type === "long") {
    if (!/^[+-]?\d+$/.test(text)) throw wrong();
    return BigInt(text.replace("+", ""));
  }
  if (type === "float" || type === "double") {
    if (/^(NaN|-?Infinity)$/.test(text)) return Number(text);
    if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) throw wrong();
    const number = Number(text);
    if (!isExact(text) && !(Number.isInteger(number) && BigInt(number) === whole(text))) throw wrong(": it has more digits");
    return number;
  }
  if (type === "binary" || type.startsWith("fixed")) {
    if (!/^([0-9a-f]{2})*$/i.test(text)) throw wrong(": two hexadecimal digits a byte are wanted");
    return Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
  }
  if (type.startsWith("timestamp")) return text.replace(/^(\d{4}-\d\d-\d\d) (?=\d)/, "$1T");
  return type.startsWith("decimal") ? text.replace(/^\+/, "") : text;
}

function whole(text: string): bigint | undefined {
  return /^[+-]?\d+$/.test(text) ? BigInt(text.replace("+", "")) : undefined;
}

/** Nested values are JSON in their field, as the page saves them. */
function nested(text: string, type: FieldType): unknown {
  try {
    return parseAll(text);
  } catch {
    throw new Error(`${JSON.stringify(text)} is no JSON, which type ${typeText(type)} wants`);
  }
}
