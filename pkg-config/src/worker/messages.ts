import type { Call, Handle } from "../backend.js";
import { DataShardError, type ErrorCode } from "../error.js";
import { Stale } from "../backend.js";

/** From the page to the worker. */
export type ToWorker =
  | { kind: "call"; id: number; call: Call; isAbortable: boolean }
  | { kind: "abort"; id: number; reason: unknown }
  | { kind: "release"; handle: Handle }
  /** Is the first, if one comes: the module is compiled by the page. */
  | { kind: "await" }
  /** None, if the page could not. */
  | { kind: "module"; module: WebAssembly.Module | undefined }
  | Settled;

/** From the worker to the page. */
export type ToPage =
  | Settled
  /** `isAbortable`: the last of what is given is an object that wants a `signal`. */
  | { kind: "function"; id: number; name: number; given: unknown[]; isAbortable: boolean }
  | { kind: "abort"; id: number };

/** The end of a call, whoever made it. */
export type Settled = { kind: "settled"; id: number; value?: unknown; error?: Thrown };

export interface Thrown {
  name: string;
  message: string;
  code?: unknown;
  token?: unknown;
  /** What was thrown, if it is no error that is known here and can be sent. */
  value?: unknown;
}

/** In place of a function, which cannot be sent. */
export interface Remote {
  readonly remote: number;
}

export function thrown(error: unknown): Thrown {
  if (!(error instanceof Error)) return { name: "", message: String(error), value: error };
  const { name, message } = error;
  if (error instanceof Stale) return { name: "Stale", message };
  if (error instanceof DataShardError) return { name, message, code: error.code, token: error.token };
  return { name, message };
}

export function revived({ name, message, code, token, value }: Thrown): unknown {
  if (name === "") return value;
  if (name === "DataShardError") return new DataShardError(code as ErrorCode, message, { token: token as string });
  if (name === "Stale") return new Stale();
  if (/^(Abort|Timeout)Error$/.test(name)) return new DOMException(message, name);
  return Object.assign(new Error(message), { name });
}

/** The buffers of a message that its receiver gets without a copy. */
export function transferable(value: unknown): ArrayBuffer[] {
  const isWhole = value instanceof Uint8Array && value.byteLength === value.buffer.byteLength;
  return isWhole && value.buffer instanceof ArrayBuffer ? [value.buffer] : [];
}

/** Calls that wait for their end. */
export class Waiting {
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  #last = 0;

  begin(): { id: number; settled: Promise<unknown> } {
    const id = ++this.#last;
    const settled = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    return { id, settled };
  }

  end({ id, value, error }: Settled): void {
    const { resolve, reject } = this.#waiting.get(id) ?? {};
    this.#waiting.delete(id);
    if (error) reject?.(revived(error));
    else resolve?.(value);
  }

  fail(error: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
