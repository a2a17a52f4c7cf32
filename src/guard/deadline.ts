import { forTimer } from './timers';

/** A failed call to a peer, such as one that timed out or whose answer was too large. */
export class PeerFailure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PeerFailure';
  }
}

/**
 * Runs a call to a peer. Rejects with {@link PeerFailure} after `limitMs`, and with the reason of `outer` when that
 * aborts, even if the call hangs. The signal of the call aborts then, and also when the call fails, so that it releases
 * its resources.
 */
export async function withinDeadline<T>(
  limitMs: number,
  call: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  outer?.throwIfAborted();
  const inner = new AbortController();
  const timer = setTimeout(() => inner.abort(new PeerFailure(`no answer within ${limitMs} ms`)), forTimer(limitMs));
  const abort = () => inner.abort(outer?.reason);
  outer?.addEventListener('abort', abort, { once: true });
  const ended = new Promise<never>((_, reject) =>
    inner.signal.addEventListener('abort', () => reject(inner.signal.reason as Error), { once: true }),
  );
  try {
    return await Promise.race([call(inner.signal), ended]);
  } catch (error) {
    if (inner.signal.aborted) throw inner.signal.reason as Error;
    inner.abort(error);
    throw error;
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', abort);
  }
}
