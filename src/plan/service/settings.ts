import type { Stack } from '../../model/stack';
import { canonical, quickHash } from './hash';

/**
 * A hash of all settings of a stack file. If it changes but no instance does (a freeze window, a subscriber), a
 * deployment has no steps, but still makes a new release. Keys that are only recorded do not count, nor does the
 * ciphertext of a sealed secret, which is another one each time: services count it by its value.
 */
export function settingsOf({
  version: _version,
  dryRun: _dryRun,
  variables: _variables,
  placement: _placement,
  ...stack
}: Stack): string {
  return quickHash(canonical(withoutCiphertext(stack)));
}

function withoutCiphertext(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCiphertext);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const isSealed = entries.length === 1 && entries[0]![0] === 'sealed' && typeof entries[0]![1] === 'string';
  return isSealed ? { sealed: '' } : Object.fromEntries(entries.map(([key, item]) => [key, withoutCiphertext(item)]));
}
