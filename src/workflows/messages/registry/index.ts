import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { AuditEntry, AuditHead } from '../../../model/audit';
import { author } from '../act';
import { named, oneOf, only, optional, partOf, recordOf, type TypeOf } from '../shape';

/**
 * Messages to the workflow that keeps the logins at image registries of the whole installation. Messages and state hold
 * ciphertext, which only workers can open.
 */

export const registriesId = 'registries';

export { installation } from '../../../model/access';

/** A user and password, sealed by the client. */
export const registryLogin = only({
  registry: named('registry'),
  user: named('registryUser'),
  sealed: named('ciphertext'),
  by: author,
  /** Host the request came from. */
  from: optional(author),
});
export type RegistryLoginRequest = TypeOf<typeof registryLogin>;

export const registryLogout = only({ registry: named('registry'), by: author, from: optional(author) });
export type RegistryLogoutRequest = TypeOf<typeof registryLogout>;

const storedLogin = only({
  user: named('registryUser'),
  sealed: named('ciphertext'),
  by: author,
  from: optional(author),
  at: 'number',
});
/** A login as it is kept; `at` in ms since the epoch. */
export type StoredLogin = TypeOf<typeof storedLogin>;

/** Logins by registry, and the end of the audit trail of the installation. */
export interface RegistriesState {
  logins: Record<string, StoredLogin>;
  audit?: AuditHead;
}

export const registriesState = partOf<RegistriesState>({
  logins: recordOf(storedLogin),
  audit: optional(only({ sequence: 'count', hash: 'text', place: optional(oneOf('database')) })),
});

/** Limits on what the installation keeps; its state has to fit into one message of Temporal. */
export const loginLimits = { count: 100, characters: 1_000_000 } as const;

export const registriesQuery = defineQuery<RegistriesState>('state');
/** The ciphertext of one registry; undefined if there is no login. */
export const sealedLoginQuery = defineQuery<string | undefined, [string]>('login');
export const loginUpdate = defineUpdate<undefined, [RegistryLoginRequest]>('login');
/** Resolves with whether there was a login. */
export const logoutUpdate = defineUpdate<boolean, [RegistryLogoutRequest]>('logout');
/** Resolves with the registries whose logins a worker has sealed with its current key. */
export const resealLoginsUpdate = defineUpdate<string[], [Pick<AuditEntry, 'by' | 'from'>]>('reseal');
