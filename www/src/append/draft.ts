import { signal } from "@preact/signals";

/** What is to be appended. It outlives the opening of the table with other keys. */
export interface Draft {
  text: string;
  file: { name: string; bytes: Uint8Array } | undefined;
}

export const EMPTY: Draft = { text: "", file: undefined };
export const draft = signal<Draft>(EMPTY);

/** Files that are larger are for a program. */
const MOST = 64 << 20;

/** Throws an `Error` that says why a file cannot be taken. */
export async function take(file: File): Promise<void> {
  if (file.size > MOST) throw new Error(`${file.name} is larger than 64 MiB: append it by a program, which writes it piece by piece.`);
  draft.value = { text: "", file: { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) } };
}
