const integers = new Intl.NumberFormat("en-US");
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

export function count(value: number | bigint): string {
  return integers.format(value);
}

/** For axes: `1.2M`. */
export function short(value: number): string {
  return compact.format(value);
}

/** `1 file`, `30 files`. */
export function many(value: number | bigint, noun: string): string {
  return `${count(value)} ${noun}${Number(value) === 1 ? "" : "s"}`;
}

export function bytes(value: number | bigint): string {
  let rest = Number(value);
  if (rest < 1_000) return `${rest} B`;
  for (const unit of ["kB", "MB", "GB", "TB"]) {
    rest /= 1_000;
    if (rest < 999.5 || unit === "TB") return `${rest < 10 ? rest.toFixed(1) : Math.round(rest)} ${unit}`;
  }
  return "";
}

export function millis(value: number): string {
  return value < 1_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`;
}

/** In UTC, as everything on the page. */
export function time(value: Date): string {
  return value.toISOString().slice(0, 19).replace("T", " ");
}

export function ago(value: Date, now: number = Date.now()): string {
  const seconds = Math.max(0, (now - value.getTime()) / 1_000);
  const steps: [number, string][] = [[60, "s"], [60, "min"], [24, "h"], [365, "d"]];
  let rest = seconds;
  for (const [size, unit] of steps) {
    if (rest < size) return `${Math.floor(rest)} ${unit} ago`;
    rest /= size;
  }
  return `${Math.floor(rest)} y ago`;
}

export function percent(share: number): string {
  if (share === 0) return "0%";
  if (share < 0.001) return "<0.1%";
  return share < 0.1 ? `${(share * 100).toFixed(1)}%` : `${Math.round(share * 100)}%`;
}

/** A long identifier, short enough for a table. */
export function shortId(id: bigint | string): string {
  const text = String(id);
  return text.length > 8 ? `…${text.slice(-6)}` : text;
}

export function px(length: number): string {
  return `${length}px`;
}
