import { forTimer } from './timers';

/** A call to a peer that did not end in time, or that the peer made too large. */
export class PeerFailure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PeerFailure';
  }
}

/**
 * Runs a call to a peer. Rejects with {@link PeerFailure} at the deadline (ms), and with the caller's reason when
 * `outer` aborts, whatever the call does; the signal that the call gets aborts then, and when the call fails, so that
 * it lets go of what it holds.
 */
export async function withinDeadline<T>(
  limitMs: number,
  call: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  outer?.throwIfAborted();
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new PeerFailure(`no answer within ${limitMs} ms`)), forTimer(limitMs));
  const abort = () => over.abort(outer?.reason);
  outer?.addEventListener('abort', abort, { once: true });
  const ended = new Promise<never>((_, reject) =>
    over.signal.addEventListener('abort', () => reject(over.signal.reason as Error), { once: true }),
  );
  try {
    return await Promise.race([call(over.signal), ended]);
  } catch (error) {
    if (over.signal.aborted) throw over.signal.reason as Error;
    over.abort(error);
    throw error;
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', abort);
  }
}
