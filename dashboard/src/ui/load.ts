import { useEffect, useState } from 'preact/hooks';

export interface Loaded<T> {
  value?: T;
  error?: Error;
  /** Reads it again; the value before stays until then. */
  again: () => void;
}

/**
 * Reads something when a part of the page appears, and whenever `of`, which names it, changes. `turn`: when that
 * changes, it is read again, and the value before stays until then.
 */
export function useLoaded<T>(read: (signal: AbortSignal) => Promise<T>, of: string, turn?: string): Loaded<T> {
  const [state, setState] = useState<{ value?: T; error?: Error }>({});
  const [count, setCount] = useState(0);
  useEffect(() => setState({}), [of]);
  useEffect(() => {
    const over = new AbortController();
    read(over.signal).then(
      (value) => !over.signal.aborted && setState({ value }),
      (error: Error) => !over.signal.aborted && setState((before) => ({ ...before, error })),
    );
    return () => over.abort();
  }, [of, turn, count]);
  return { ...state, again: () => setCount((before) => before + 1) };
}
