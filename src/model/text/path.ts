/** A path without the slashes at its end: `/shop/` is `/shop`, and `/` stays. */
export function withoutEndingSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, '');
}
