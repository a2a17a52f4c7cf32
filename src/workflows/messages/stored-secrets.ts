import { defineQuery, defineSignal } from '@temporalio/workflow';
import { author } from './act';
import { named, only, optional, recordOf, type TypeOf } from './shape';

/** Secrets that an environment stores. Messages and state hold ciphertext, which only workers can open. */

/** A value by name, sealed by the client. */
export const storeSecret = only({
  name: named('stored'),
  sealed: named('ciphertext'),
  by: author,
  /** Host the request came from. */
  from: optional(author),
});
export type StoreSecret = TypeOf<typeof storeSecret>;

export const removeSecret = only({ name: named('stored'), by: author, from: optional(author) });
export type RemoveSecret = TypeOf<typeof removeSecret>;

/** Ciphertexts under the current key, by name, for those under a former one. */
export const resealedSecrets = only({
  secrets: recordOf(only({ before: named('ciphertext'), after: named('ciphertext') })),
});
export type ResealedSecrets = TypeOf<typeof resealedSecrets>;

export const storedSecret = only({ sealed: named('ciphertext'), by: author, from: optional(author), at: 'number' });
export type StoredSecret = TypeOf<typeof storedSecret>;

/** Limits on what an environment stores; its state has to fit into one message of Temporal. */
export const storedLimits = { count: 200, characters: 1_000_000 } as const;

/** Whether sealed values are within limits on their number and on their length together. */
export function fitWithin(
  values: Record<string, Pick<StoredSecret, 'sealed'>>,
  limits: { count: number; characters: number },
): boolean {
  const all = Object.values(values);
  const characters = all.reduce((sum, { sealed }) => sum + sealed.length, 0);
  return all.length <= limits.count && characters <= limits.characters;
}

export const storeSecretSignal = defineSignal<[StoreSecret]>('storeSecret');
export const removeSecretSignal = defineSignal<[RemoveSecret]>('removeSecret');
export const resealedSecretsSignal = defineSignal<[ResealedSecrets]>('resealedSecrets');
export const storedSecretsQuery = defineQuery<Record<string, StoredSecret>>('storedSecrets');
