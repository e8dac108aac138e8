/** A field of a CSV file. Nothing, without quotes, is null. */
export interface CsvField {
  text: string;
  isQuoted: boolean;
}

/**
 * The lines of a CSV file (RFC 4180), with commas, or with semicolons or tabs if its first line has no comma. Lines without
 * anything are left out, where others have several fields. Throws an `Error` that names the line.
 */
export function parseCsv(text: string): CsvField[][] {
  const separator = separatorOf(text);
  const lines: CsvField[][] = [];
  let line: CsvField[] = [];
  let at = text.startsWith("\u{feff}") ? 1 : 0;
  const wrong = (why: string) => new Error(`line ${lines.length + 1}: ${why}`);
  const end = () => {
    lines.push(line);
    line = [];
  };
  while (at < text.length) {
    if (text[at] === '"') {
      const close = closing(text, at + 1);
      if (close === undefined) throw wrong("a quote is never closed");
      line.push({ text: text.slice(at + 1, close).replaceAll('""', '"'), isQuoted: true });
      at = close + 1;
      if (at < text.length && text[at] !== separator && !/[\r\n]/.test(text[at]!)) throw wrong("something follows a closing quote");
    } else {
      const from = at;
      while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at += 1;
      const field = text.slice(from, at);
      if (field.includes('"')) throw wrong("a quote stands inside of a field that does not begin with one");
      line.push({ text: field, isQuoted: false });
    }
    if (text[at] === separator) {
      at += 1;
      // A separator at the end of the text has nothing behind it, which is a field.
      if (at === text.length) line.push({ text: "", isQuoted: false });
    } else if (at < text.length) {
      at += text.startsWith("\r\n", at) ? 2 : 1;
      end();
    }
  }
  if (line.length > 0) end();
  return (lines[0]?.length ?? 0) > 1 ? lines.filter(([first, ...rest]) => rest.length > 0 || first!.text !== "" || first!.isQuoted) : lines;
}

function separatorOf(text: string): string {
  const first = /^[^\r\n]*/.exec(text)![0];
  return [",", ";", "\t"].find((separator) => first.includes(separator)) ?? ",";
}

function closing(text: string, from: number): number | undefined {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return undefined;
}
