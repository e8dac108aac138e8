// What runs in the worker.

import { backend, setModule } from "../entry/browser.js";
import { thrown, transferable, Waiting, type Remote, type ToPage, type ToWorker } from "./messages.js";

const page = globalThis as unknown as {
  postMessage(message: ToPage, transfer?: Transferable[]): void;
  addEventListener(kind: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
};
const waiting = new Waiting();
const aborts = new Map<number, AbortController>();
let take: (module: WebAssembly.Module | undefined) => void;

page.addEventListener("message", ({ data }) => {
  switch (data.kind) {
    case "call":
      return void run(data);
    case "abort":
      return aborts.get(data.id)?.abort(new DOMException(String(data.reason), "AbortError"));
    case "release":
      return backend.release(data.handle);
    case "settled":
      return waiting.end(data);
    case "await":
      return wait();
    case "module":
      return take(data.module);
  }
});

function wait(): void {
  const given = new Promise<WebAssembly.Module | undefined>((resolve) => (take = resolve));
  setModule(async () => (await given) ?? new URL(MODULE, import.meta.url));
}

async function run({ id, call, isAbortable }: Extract<ToWorker, { kind: "call" }>): Promise<void> {
  const abort = isAbortable ? new AbortController() : undefined;
  if (abort) aborts.set(id, abort);
  try {
    const value = await backend.call({ ...call, given: call.given.map(local) }, abort?.signal);
    page.postMessage({ kind: "settled", id, value }, transferable(value));
  } catch (error) {
    page.postMessage({ kind: "settled", id, error: thrown(error) });
  } finally {
    aborts.delete(id);
  }
}

/** Functions of the page as functions. */
function local(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(local);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  if ("remote" in value) return remote((value as Remote).remote);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, local(inner)]));
}

function remote(name: number) {
  return async (...given: unknown[]): Promise<unknown> => {
    const { id, settled } = waiting.begin();
    const signal = signalOf(given.at(-1));
    page.postMessage({ kind: "function", id, name, given: given.map(plain), isAbortable: signal !== undefined });
    const abort = () => page.postMessage({ kind: "abort", id });
    signal?.addEventListener("abort", abort, { once: true });
    const value = await settled.finally(() => signal?.removeEventListener("abort", abort));
    if (typeof value !== "object" || value === null || !("response" in value)) return value;
    const { status, headers, body } = value as unknown as { status: number; headers: [string, string][]; body: Uint8Array };
    const hasBody = ![101, 204, 205, 304].includes(status);
    return new Response(hasBody ? (body as BodyInit) : null, { status, headers });
  };
}

function signalOf(value: unknown): AbortSignal | undefined {
  return typeof value === "object" && value !== null && "signal" in value ? (value.signal as AbortSignal) : undefined;
}

/** What is given to `fetch`, without what cannot be sent. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("signal" in value)) return value;
  const { signal: _, ...rest } = value;
  return rest;
}
