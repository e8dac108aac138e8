/** Integers beyond what numbers hold, outside of texts, become texts. */
const LONG = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;

/** JSON, in which an integer of 16 or more digits is a text. */
export function parseExact(json: string): unknown {
  return JSON.parse(json.replace(LONG, (found) => (found.startsWith('"') ? found : `"${found}"`)));
}

/** The same JSON with line breaks; no value changes. */
export function indented(json: string): string {
  const marker = "\u{e000}";
  if (json.includes(marker)) return json;
  const marked = json.replace(LONG, (found) => (found.startsWith('"') ? found : `"${marker}${found}"`));
  return JSON.stringify(JSON.parse(marked), null, 2).replaceAll(new RegExp(`"${marker}(-?\\d+)"`, "g"), "$1");
}
