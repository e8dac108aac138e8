/** Whether a number's text is a number of JavaScript to its last digit. */
export function isExact(text: string): boolean {
  const number = Number(text);
  if (/^[+-]?\d+$/.test(text)) return Number.isSafeInteger(number);
  return Number.isFinite(number) && digits(text) === digits(String(number));
}

/** The digits that count, and their power of ten. */
function digits(text: string): string | undefined {
  const parts = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  if (!parts) return undefined;
  const [, sign, whole, fraction, power] = parts as unknown as [string, string, string, string, string | undefined];
  const all = (whole + fraction).replace(/^0+/, "");
  const shortest = all.replace(/0+$/, "");
  if (shortest === "") return "0";
  return `${sign === "-" ? "-" : ""}${shortest}e${Number(power ?? 0) - fraction.length + all.length - shortest.length}`;
}

const NUMBER = /"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON, in which no number loses a digit: long integers become bigints, and other numbers that none holds are texts. */
export function parseAll(json: string): unknown {
  const mark = `\u{e000}${Math.random()} `;
  const marked = json.replace(NUMBER, (found) => (found.startsWith('"') || isExact(found) ? found : `"${mark}${found}"`));
  return JSON.parse(marked, (_, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith(mark)) return value;
    const text = value.slice(mark.length);
    return /^-?\d+$/.test(text) ? BigInt(text) : text;
  });
}
