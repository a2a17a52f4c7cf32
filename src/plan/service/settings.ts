import type { Stack } from '../../model/stack';
import { canonical, quickHash } from './hash';

/**
 * Stands for everything that a stack file says. Where that changes and no instance does (a health check, a freeze
 * window, who is told), there is nothing to perform, and still another release. What is for the record only does not
 * count.
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
