/** Pure: workflows read this file too. */

/** Stands where a payload was that must not be used; its value says why. */
export const refusedKey = 'deploy-code:refused';

/** A payload that was forged, moved, left plain, or cannot be decoded. */
export class PayloadRefused extends Error {}

/** Why a value must not be used; undefined for every other value. */
export function reasonIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !(refusedKey in value)) return undefined;
  return String((value as Record<string, unknown>)[refusedKey]);
}
