import type { SealedText, SecretSource, StoredValue } from '../../model/instance';
import type { Stack } from '../../model/stack';
import { replaceSources } from '../../model/stack/secret-sources';
import { canonical, quickHash } from './hash';

/**
 * A hash of all settings of a stack file. If it changes but no instance does (a freeze window, a subscriber), a
 * deployment has no steps, but still makes a new release. Keys that are only recorded do not count, nor does the
 * ciphertext of a sealed secret, which is another one each time: services count it by its value.
 */
export function settingsOf(stack: Stack): string {
  const {
    version: _version,
    dryRun: _dryRun,
    variables: _variables,
    placement: _placement,
    ...settings
  } = replaceSources(stack, (_name, source) => ('sealed' in source ? withoutCiphertext(source) : source));
  return quickHash(canonical(settings));
}

function withoutCiphertext(source: SealedText | StoredValue): SecretSource {
  return 'stored' in source ? { ...source, sealed: '' } : { sealed: '' };
}
