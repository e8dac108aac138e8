const CUT = 300;

/** A value on one line, as a cell shows it; null is for the caller. */
export function cellText(value: unknown): string {
  if (typeof value === "string") return cut(value);
  if (typeof value === "object" && value !== null) return cut(compact(value));
  return String(value);
}

const TIME = /^([+-]?\d{4,}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.(\d+)Z?$/;

/** A point in time as a cell shows it: as exact as it is, in groups of three digits. */
export function timeText(text: string): string {
  const parts = TIME.exec(text);
  if (!parts) return text;
  const [, date, clock, digits] = parts as unknown as [string, string, string, string];
  const fraction = digits.replace(/(000)+$/, "");
  return `${date} ${clock}${fraction && `.${fraction}`}`;
}

/** As many digits behind the point as a column has, or blanks of their width. */
export function aligned(value: number, decimals: number): string {
  const text = String(value);
  if (decimals === 0 || !/^-?\d+(\.\d+)?$/.test(text)) return text;
  const behind = text.split(".")[1]?.length ?? 0;
  const point = behind === 0 ? "\u2008" : "";
  return text + point + "\u2007".repeat(Math.max(0, decimals - behind));
}

/** A value as JSON, without its outermost quotes: as export and panel have it. */
export function fullText(value: unknown, indent?: number): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value !== "object") return String(value);
  return value instanceof Uint8Array ? hex(value) : JSON.stringify(plain(value), null, indent);
}

function compact(value: object): string {
  return value instanceof Uint8Array ? hex(value.subarray(0, CUT / 2)) : JSON.stringify(plain(value));
}

/** What JSON has no name for as what it has: a map as pairs where its keys are no texts, a long as digits. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(plain);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  if (entries.some(([key]) => typeof key !== "string")) return entries.map(([key, inner]) => [plain(key), plain(inner)]);
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, inner] of entries) object[key as string] = plain(inner);
  return object;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function cut(text: string): string {
  return text.length > CUT ? `${text.slice(0, CUT)}…` : text;
}
