import { signal } from "@preact/signals";

/** What is to be appended. It outlives the opening of the table with other keys. */
export interface Draft {
  text: string;
  file: { name: string; bytes: Uint8Array } | undefined;
}

export const EMPTY: Draft = { text: "", file: undefined };
export const draft = signal<Draft>(EMPTY);

/** Files of so many MiB are for a program: texts become many times as large, and Parquet is decoded by the module. */
const [MOST_TEXT, MOST] = [16, 64];

/** Throws an `Error` that says why a file cannot be taken. */
export async function take(file: File): Promise<void> {
  const most = (await file.slice(0, 4).text()) === "PAR1" ? MOST : MOST_TEXT;
  if (file.size > most << 20) throw new Error(`${file.name} is larger than ${most} MiB: append it by a program, which writes it piece by piece.`);
  draft.value = { text: "", file: { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) } };
}
