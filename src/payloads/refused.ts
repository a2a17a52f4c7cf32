/** Pure: workflows import this file too. */

/** Key of the marker that replaces a refused payload; its value is the reason. */
export const refusedKey = 'deploy-code:refused';

/** A payload that was forged, moved, left plain, or cannot be decoded. */
export class PayloadRefused extends Error {}

/** The reason in a marker; undefined for every other value. */
export function reasonIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !(refusedKey in value)) return undefined;
  return String((value as Record<string, unknown>)[refusedKey]);
}
