// Values as the texts that `append` takes: ISO 8601, plain decimals.

const DAY_MILLIS = 86_400_000;

/** Days since 1970. */
export function dateText(days: number): string {
  const date = new Date(days * DAY_MILLIS);
  if (Number.isNaN(date.getTime())) return beyond(days);
  return date.toISOString().slice(0, -"T00:00:00.000Z".length);
}

/** Before and after the years that `Date` knows, the calendar repeats itself every 400 years, which are 146,097 days. */
function beyond(days: number): string {
  const eras = Math.floor(days / 146_097);
  const [, year, rest] = /^([+-]?\d+)(-\d\d-\d\d)$/.exec(dateText(days - eras * 146_097))!;
  const shifted = Number(year) + eras * 400;
  const sign = shifted < 0 ? "-" : "+";
  return sign + String(Math.abs(shifted)).padStart(6, "0") + rest;
}

/** Microseconds since midnight. */
export function timeText(micros: bigint): string {
  return clock(micros, 6);
}

/** Units of a second since 1970, of which a second has ten to the power of `digits`. */
export function timestampText(units: bigint, digits: number, isUtc: boolean): string {
  const perDay = 86_400n * 10n ** BigInt(digits);
  let [days, rest] = [units / perDay, units % perDay];
  if (rest < 0n) [days, rest] = [days - 1n, rest + perDay];
  return `${dateText(Number(days))}T${clock(rest, digits)}${isUtc ? "Z" : ""}`;
}

function clock(units: bigint, digits: number): string {
  const perSecond = 10n ** BigInt(digits);
  const seconds = Number(units / perSecond);
  const parts = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => String(Math.floor(part)).padStart(2, "0"));
  return `${parts.join(":")}.${String(units % perSecond).padStart(digits, "0")}`;
}

export function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

export function uuidText(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
