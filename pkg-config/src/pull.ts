import type { Backend, Handle } from "./backend.js";

/** What an object of the module brings, one by one, until the end or an abort. Ends its requests when it is left. */
export async function* pulled<T>(
  backend: Backend,
  on: Handle,
  signal: AbortSignal | undefined,
  ended?: () => Promise<void>,
): AsyncGenerator<T, void, undefined> {
  const stop = () => void backend.call({ on, method: "return", given: [] }).catch(() => {});
  signal?.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      signal?.throwIfAborted();
      const item = (await backend.call({ on, method: "next", given: [] })) as T | undefined;
      signal?.throwIfAborted();
      if (item === undefined) return;
      await ended?.();
      yield item;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    await backend.call({ on, method: "return", given: [] }).catch(() => {});
    backend.release(on);
  }
}
