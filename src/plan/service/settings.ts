import type { Stack } from '../../model/stack';
import { canonical, quickHash } from './hash';

/**
 * A hash of all settings of a stack file. If it changes but no instance does (a freeze window, a subscriber), a
 * deployment has no steps, but still makes a new release. Keys that are only recorded do not count.
 */
export function settingsOf({
  version: _version,
  dryRun: _dryRun,
  variables: _variables,
  placement: _placement,
  ...stack
}: Stack): string {
  return quickHash(canonical(stack));
}
