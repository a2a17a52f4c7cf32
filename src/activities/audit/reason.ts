/**
 * The reason for a failed read or write. A connection that is refused on several addresses has a code but no message.
 */
export function reasonOf(error: NodeJS.ErrnoException): string {
  return error.message || (error.code ?? 'it is unavailable');
}
