/** Integers beyond what numbers hold, outside of texts, become texts. */
const LONG = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;
const MARK = "\u{e000}";

/** JSON, in which an integer of 16 or more digits is a text. */
export function parseExact(json: string): unknown {
  return JSON.parse(json.replace(LONG, (found) => (found.startsWith('"') ? found : `"${found}"`)));
}

/** The same JSON with line breaks; no value changes. */
export function indented(json: string): string {
  return rewritten(json, (value) => JSON.stringify(value, null, 2));
}

/** The same JSON with what is short on one line: names first, then single values, then what holds others. */
export function readable(json: string): string {
  return rewritten(json, (value) => block(value, 0));
}

function rewritten(json: string, write: (value: unknown) => string): string {
  if (json.includes(MARK)) return json;
  const marked = json.replace(LONG, (found) => (found.startsWith('"') ? found : `"${MARK}${found}"`));
  return write(JSON.parse(marked)).replaceAll(new RegExp(`"${MARK}(-?\\d+)"`, "g"), "$1");
}

/** Lines are not longer, if they need not be. */
const WIDTH = 110;

function block(value: unknown, indent: number): string {
  const flat = line(value);
  if (typeof value !== "object" || value === null || indent + flat.length <= WIDTH) return flat;
  const isArray = Array.isArray(value);
  const inside = isArray
    ? value.map((item) => block(item, indent + 2))
    : ordered(value).map(([name, inner]) => `${JSON.stringify(name)}: ${block(inner, indent + 2)}`);
  const margin = " ".repeat(indent);
  const [open, close] = isArray ? "[]" : "{}";
  return `${open}\n${inside.map((one) => `${margin}  ${one}`).join(",\n")}\n${margin}${close}`;
}

function line(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(line).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inside = ordered(value).map(([name, inner]) => `${JSON.stringify(name)}: ${line(inner)}`);
  return inside.length > 0 ? `{ ${inside.join(", ")} }` : "{}";
}

function ordered(object: object): [string, unknown][] {
  const rank = ([name, value]: [string, unknown]) => (name === "name" ? 0 : typeof value !== "object" || value === null ? 1 : 2);
  return Object.entries(object).sort((a, b) => rank(a) - rank(b));
}
