import { useEffect, useState } from "preact/hooks";

export interface Resource<T> {
  value: T | undefined;
  error: unknown;
  isLoading: boolean;
  retry: () => void;
}

/** What `load` brings, again whenever `keys` change. What was there stays until the new comes. */
export function useResource<T>(load: (signal: AbortSignal) => Promise<T>, keys: unknown[]): Resource<T> {
  const [state, setState] = useState<{ value?: T; error?: unknown; keys?: unknown[] }>({});
  const [attempt, setAttempt] = useState(0);
  const wanted = [...keys, attempt];
  useEffect(() => {
    const abort = new AbortController();
    load(abort.signal).then(
      (value) => !abort.signal.aborted && setState({ value, keys: wanted }),
      (error: unknown) => !abort.signal.aborted && setState({ error, keys: wanted }),
    );
    return () => abort.abort();
  }, wanted);
  const isLoading = !state.keys || wanted.some((key, i) => !Object.is(key, state.keys?.[i]));
  return { value: state.value, error: isLoading ? undefined : state.error, isLoading, retry: () => setAttempt(attempt + 1) };
}
