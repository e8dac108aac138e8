import type { Field, Row } from "datashard/worker";
import { aligned, cellText, timeText } from "../lib/values.js";
import { isNumber, typeName } from "../lib/types.js";

export interface Column {
  field: Field;
  /** In pixels from the left of the first column. */
  left: number;
  width: number;
  isNumber: boolean;
  text: (value: unknown) => string;
}

const CHARACTER = 8;
const SMALL = 6.8;
const PADDING = 24;
/** More digits behind the point are not aligned. */
const DECIMALS = 6;

/** The columns to show, as wide as the first rows want them. */
export function layout(fields: Field[], sample: readonly Row[]): Column[] {
  let left = 0;
  return fields.map((field) => {
    const values = sample.map((row) => row[field.name]).filter((value) => value !== null && value !== undefined);
    const text = writer(field, values);
    const characters = Math.max(6, ...values.map((value) => text(value).length));
    const heading = (field.name.length + 2) * CHARACTER * 1.08 + typeName(field.type).length * SMALL + PADDING;
    const width = Math.round(Math.min(Math.max(characters * CHARACTER + PADDING, heading, 116), 400));
    const column = { field, left, width, isNumber: isNumber(field.type), text };
    left += width;
    return column;
  });
}

/** How values of a column are written. */
function writer({ type }: Field, sample: unknown[]): (value: unknown) => string {
  if (type === "float" || type === "double") {
    const decimals = Math.max(0, ...sample.map((value) => String(value).split(".")[1]?.length ?? 0));
    if (decimals <= DECIMALS) return (value) => aligned(value as number, decimals);
  }
  return typeof type === "string" && type.startsWith("timestamp") ? (value) => timeText(String(value)) : cellText;
}

/** Of all fields those that are chosen; all, if nothing is chosen or nothing of it is there. */
export function chosen(fields: Field[], names: string[]): Field[] {
  const found = fields.filter(({ name }) => names.includes(name));
  return found.length > 0 ? found : fields;
}
