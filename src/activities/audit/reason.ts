/**
 * Why a trail cannot be read or written. A connection that is refused on several addresses has no message of its own.
 */
export function reasonOf(error: NodeJS.ErrnoException): string {
  return error.message || (error.code ?? 'it is away');
}
