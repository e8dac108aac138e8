import type { Backend, Handle } from "./backend.js";

/**
 * What an object of the module brings, one by one, until the end or an abort. `return()`, or leaving the loop, ends its
 * requests, also while a `next()` waits: that is then the end.
 */
export class Pulled<T> implements AsyncIterableIterator<T, void, undefined>, AsyncDisposable {
  readonly #backend: Backend;
  readonly #signal: AbortSignal | undefined;
  readonly #begin: () => Promise<Handle>;
  readonly #before: ((handle: Handle) => Promise<void>) | undefined;
  #handle: Promise<Handle> | undefined;
  #isOver = false;
  /** Calls of `next()` wait for each other. */
  #last: Promise<unknown> = Promise.resolve();

  /** `before` is done before each item is handed out. */
  constructor(
    backend: Backend,
    begin: () => Promise<Handle>,
    signal: AbortSignal | undefined,
    before?: (handle: Handle) => Promise<void>,
  ) {
    this.#backend = backend;
    this.#begin = begin;
    this.#signal = signal;
    this.#before = before;
  }

  next(): Promise<IteratorResult<T, void>> {
    const next = this.#last.then(() => this.#next());
    this.#last = next.catch(() => {});
    return next;
  }

  async return(): Promise<IteratorResult<T, void>> {
    await this.#stop();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }

  async #next(): Promise<IteratorResult<T, void>> {
    if (this.#isOver) return { done: true, value: undefined };
    try {
      this.#signal?.throwIfAborted();
      if (!this.#handle) {
        this.#handle = this.#begin();
        this.#signal?.addEventListener("abort", this.#abort, { once: true });
      }
      const on = await this.#handle;
      const value = (await this.#backend.call({ on, method: "next", given: [] })) as T | undefined;
      this.#signal?.throwIfAborted();
      if (value !== undefined && !this.#isOver) {
        await this.#before?.(on);
        return { done: false, value };
      }
    } catch (thrown) {
      await this.#stop();
      throw thrown;
    }
    await this.#stop();
    return { done: true, value: undefined };
  }

  readonly #abort = (): void => void this.#stop();

  async #stop(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#signal?.removeEventListener("abort", this.#abort);
    const on = await this.#handle?.catch(() => undefined);
    if (!on) return;
    await this.#backend.call({ on, method: "return", given: [] }).catch(() => {});
    this.#backend.release(on);
  }
}
