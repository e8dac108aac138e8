import type { Backend, Call, Handle } from "../backend.js";
import { DataShardError } from "../error.js";
import { thrown, transferable, Waiting, type Remote, type ToPage, type ToWorker } from "./messages.js";

type Callback = (...given: unknown[]) => unknown;

/** The module in a worker. Functions among what is given, such as `fetch`, stay here and are called from there. */
export class WorkerBackend implements Backend {
  readonly #start: () => Worker;
  #module: Promise<WebAssembly.Module | undefined> | undefined;
  readonly #waiting = new Waiting();
  readonly #functions: Callback[] = [];
  /** Calls of functions of the page that have not ended. */
  readonly #running = new Map<number, AbortController>();
  #worker: Worker | undefined;

  constructor(start: () => Worker) {
    this.#start = start;
  }

  /** Starts the worker, if none runs, with a module that is being compiled here. */
  begin(module: Promise<WebAssembly.Module>): void {
    if (this.#worker) return;
    this.#module = module.catch(() => undefined);
    this.#worker = this.#started();
  }

  async call(call: Call, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    const { id, settled } = this.#waiting.begin();
    const given = call.given.map((value) => this.#portable(value));
    this.#post({ kind: "call", id, call: { ...call, given }, isAbortable: signal !== undefined });
    const abort = () => this.#post({ kind: "abort", id, reason: String(signal?.reason) });
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await settled;
    } catch (error) {
      // The reason itself, whatever it is, not what has become of it on its way.
      throw signal?.aborted && !(error instanceof DataShardError) ? signal.reason : error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  release(handle: Handle): void {
    this.#post({ kind: "release", handle });
  }

  /** Ends the worker, and with it everything that is under way. It is started anew when it is needed. */
  terminate(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#waiting.fail(new DataShardError("internal", "the worker was ended"));
  }

  #post(message: ToWorker): void {
    (this.#worker ??= this.#started()).postMessage(message);
  }

  #started(): Worker {
    const worker = this.#start();
    worker.addEventListener("message", ({ data }: MessageEvent<ToPage>) => this.#receive(data));
    worker.addEventListener("error", ({ message }) => {
      this.terminate();
      this.#waiting.fail(new DataShardError("internal", `the worker has failed: ${message}`));
    });
    if (this.#module) {
      worker.postMessage({ kind: "await" } satisfies ToWorker);
      const give = (module: WebAssembly.Module | undefined) => worker.postMessage({ kind: "module", module } satisfies ToWorker);
      // Where it cannot be sent, the worker loads its own.
      void this.#module.then(give).catch(() => give(undefined));
    }
    return worker;
  }

  #receive(message: ToPage): void {
    if (message.kind === "settled") this.#waiting.end(message);
    else if (message.kind === "abort") this.#running.get(message.id)?.abort();
    else void this.#run(message);
  }

  async #run({ id, name, given, isAbortable }: Extract<ToPage, { kind: "function" }>): Promise<void> {
    const controller = new AbortController();
    if (isAbortable) given = [...given.slice(0, -1), { ...(given.at(-1) as object), signal: controller.signal }];
    this.#running.set(id, controller);
    try {
      const value = await sendable(await this.#functions[name]?.(...given));
      this.#worker?.postMessage({ kind: "settled", id, value }, transferable(value));
    } catch (error) {
      this.#post({ kind: "settled", id, error: thrown(error) });
    } finally {
      this.#running.delete(id);
    }
  }

  #portable(value: unknown): unknown {
    if (typeof value === "function") {
      const known = this.#functions.indexOf(value as Callback);
      return { remote: known >= 0 ? known : this.#functions.push(value as Callback) - 1 } satisfies Remote;
    }
    if (Array.isArray(value)) return value.map((item) => this.#portable(item));
    const isPlain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
    if (!isPlain) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.#portable(inner)]));
  }
}

/** A response as what can be sent. */
async function sendable(value: unknown): Promise<unknown> {
  if (!(value instanceof Response)) return value;
  const body = new Uint8Array(await value.arrayBuffer());
  return { response: true, status: value.status, headers: [...value.headers], body };
}
