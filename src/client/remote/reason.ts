/** The innermost reason: `fetch` says of every failure that it failed. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it took too long';
  return error.cause === undefined ? error.message : reasonOf(error.cause);
}
