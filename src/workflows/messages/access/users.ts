import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Attempts } from '../../../model/access';
import type { AuditHead } from '../../../model/audit';
import { act, author } from '../act';
import { fields, line, listOf, named, oneOf, only, optional, partOf, recordOf, type TypeOf } from '../shape';

/**
 * Messages to the workflow that keeps the local users of an installation. It is not the one of roles and tokens:
 * whoever tries passwords must not delay the look of servers at those.
 */

export const usersId = 'users';

const longestPasskeyName = 60;
const passkeyName = line(longestPasskeyName);
const name = named('localUser');

/** A link that is used once; `until` in ms since the epoch. */
const invitation = only({ digest: named('digest'), until: 'number' });

export const userAddition = only({
  name,
  /** Random, for passkeys: it does not tell the name. */
  handle: named('bytes'),
  invitation,
  /** The first admin: each start of a server replaces the invitation until it is used. */
  first: optional('flag'),
  ...act.fields,
});
export type UserAddition = TypeOf<typeof userAddition>;

export const userInvitation = only({
  name,
  invitation,
  /** Also takes the password, second factors and recovery codes away. */
  reset: optional('flag'),
  ...act.fields,
});
export type UserInvitation = TypeOf<typeof userInvitation>;

export const userChange = only({ name, change: oneOf('disable', 'enable', 'remove'), ...act.fields });
export type UserChange = TypeOf<typeof userChange>;

export const secondFactorRule = only({ required: 'flag', ...act.fields });
export type SecondFactorRule = TypeOf<typeof secondFactorRule>;

/** Somebody follows their link, and sets a password. */
export const redemption = only({ digest: named('digest'), password: named('passwordDigest'), ...act.fields });
export type Redemption = TypeOf<typeof redemption>;

/** `device`: a browser in which the user has logged in before. */
export const logIn = only({ name, device: optional(named('digest')) });
export type LogIn = TypeOf<typeof logIn>;

export const passwordChange = only({ name, password: named('passwordDigest'), ...act.fields });
export type PasswordChange = TypeOf<typeof passwordChange>;

/** A digest of the same password with higher parameters, in place of the one before. */
export const passwordRenewal = only({ name, before: named('passwordDigest'), password: named('passwordDigest') });
export type PasswordRenewal = TypeOf<typeof passwordRenewal>;

/** Uses a step of a TOTP code once. `offered`: the one of a secret that is being enrolled, which this confirms. */
export const totpUse = only({ name, step: 'count', offered: optional('flag'), ...act.fields });
export type TotpUse = TypeOf<typeof totpUse>;

export const totpOffer = only({ name, secret: named('totpSecret') });
export type TotpOffer = TypeOf<typeof totpOffer>;

export const recoveryUse = only({ name, digest: named('digest'), ...act.fields });
export type RecoveryUse = TypeOf<typeof recoveryUse>;

export const recoveryCodes = only({ name, digests: listOf(named('digest')), ...act.fields });
export type RecoveryCodes = TypeOf<typeof recoveryCodes>;

export const passkeyTransports = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'] as const;
const passkey = {
  id: named('bytes'),
  publicKey: named('bytes'),
  counter: 'number',
  transports: optional(listOf(oneOf(...passkeyTransports))),
  label: passkeyName,
} as const;

export const passkeyAddition = only({ name, ...passkey, ...act.fields });
export type PasskeyAddition = TypeOf<typeof passkeyAddition>;

/** Uses an answer of a passkey once; `challenge` is the digest of what it has signed. */
export const passkeyUse = only({ id: named('bytes'), counter: 'number', challenge: named('digest') });
export type PasskeyUse = TypeOf<typeof passkeyUse>;

export const factorRemoval = only({ name, totp: optional('flag'), passkey: optional(named('bytes')), ...act.fields });
export type FactorRemoval = TypeOf<typeof factorRemoval>;

/** For the audit trail: who seems to attack, and how. */
export const threat = only({
  kind: oneOf('credential_stuffing', 'token_reuse', 'denials', 'login_locked'),
  source: author,
});
export type Threat = TypeOf<typeof threat>;

/** Makes one key that all servers share, unless there is one. */
export const keyOffer = only({ key: named('bytes') });

const storedPasskey = only({
  ...passkey,
  at: 'number',
  usedAt: optional('number'),
  /** Digest of the challenge that it signed last, and when. */
  challenges: optional(recordOf('number')),
});
export type StoredPasskey = TypeOf<typeof storedPasskey>;

const attempts = only({ failures: 'count', at: 'number' });

const storedUser = only({
  handle: named('bytes'),
  invitation: optional(invitation),
  first: optional('flag'),
  password: optional(named('passwordDigest')),
  /** `step`: the last that was used. */
  totp: optional(only({ secret: named('totpSecret'), step: 'count' })),
  offered: optional(only({ secret: named('totpSecret'), until: 'number' })),
  passkeys: listOf(storedPasskey),
  /** Digests of recovery codes that were not used. */
  recovery: listOf(named('digest')),
  disabled: optional('flag'),
  attempts: optional(attempts),
  /** The same for browsers in which the user has logged in before, of which others know nothing. */
  devices: optional(recordOf(attempts)),
  by: author,
  from: optional(author),
  at: 'number',
  loggedInAt: optional('number'),
});
/** A user as it is kept; times in ms since the epoch. */
export type StoredUser = TypeOf<typeof storedUser>;

export interface UsersState {
  users: Record<string, StoredUser>;
  /** Attempts with names that nobody has: answers to them are the same. */
  strangers: Record<string, Attempts>;
  secondFactor: boolean;
  /** Servers seal the state of a log-in in progress with it. */
  key?: string;
  audit?: AuditHead;
}

export const usersState = partOf<UsersState>({
  users: recordOf(storedUser),
  strangers: recordOf(attempts),
  secondFactor: 'flag',
  key: optional(named('bytes')),
  audit: optional(fields({ sequence: 'count', hash: 'text', place: optional(oneOf('database')) })),
});

/**
 * Limits on what is kept; the state has to fit into one message of Temporal. `characters`: of all users as JSON;
 * `challenges`: log-ins by one passkey within a quarter of an hour.
 */
export const userLimits = {
  users: 2000,
  characters: 1_500_000,
  strangers: 2000,
  passkeys: 5,
  challenges: 50,
  devices: 20,
} as const;

/** A user without digests and secrets. */
export interface UserLine {
  name: string;
  hasPassword: boolean;
  hasTotp: boolean;
  passkeys: { id: string; label: string; at: number; usedAt?: number }[];
  recoveryCodes: number;
  invitedUntil?: number;
  isFirst: boolean;
  isDisabled: boolean;
  lockedMs: number;
  by: string;
  at: number;
  loggedInAt?: number;
}

export interface UserList {
  users: UserLine[];
  secondFactor: boolean;
}

/** What a server needs for a log-in. */
export interface NamedUser {
  name: string;
  user: StoredUser;
  secondFactor: boolean;
}

export interface AttemptAnswer {
  waitMs: number;
  isLocked: boolean;
}

export const usersQuery = defineQuery<UserList>('users');
export const userQuery = defineQuery<NamedUser | undefined, [string]>('user');
/** By the digest of a link that is valid. */
export const invitedQuery = defineQuery<NamedUser | undefined, [string]>('invited');
export const passkeyQuery = defineQuery<NamedUser | undefined, [string]>('passkey');
export const loginKeyQuery = defineQuery<string | undefined>('loginKey');

export const addUserUpdate = defineUpdate<undefined, [UserAddition]>('addUser');
/** Resolves with whether there is such a user, as those below. */
export const inviteUserUpdate = defineUpdate<boolean, [UserInvitation]>('inviteUser');
export const changeUserUpdate = defineUpdate<boolean, [UserChange]>('changeUser');
export const secondFactorUpdate = defineUpdate<undefined, [SecondFactorRule]>('requireSecondFactor');
/** Resolves with the name of the user; undefined if the link is not valid any more. */
export const redeemUpdate = defineUpdate<string | undefined, [Redemption]>('redeem');
export const passwordUpdate = defineUpdate<boolean, [PasswordChange]>('password');
export const renewPasswordUpdate = defineUpdate<boolean, [PasswordRenewal]>('renewPassword');
/** Counts an attempt to log in, before it is made. */
export const attemptUpdate = defineUpdate<AttemptAnswer, [LogIn]>('attempt');
/** A successful log-in, which forgets failed attempts. */
export const loggedInUpdate = defineUpdate<boolean, [LogIn]>('loggedIn');
export const offerTotpUpdate = defineUpdate<boolean, [TotpOffer]>('offerTotp');
/** Resolves with whether the step was not used before, as those of the other factors. */
export const useTotpUpdate = defineUpdate<boolean, [TotpUse]>('useTotp');
export const useRecoveryUpdate = defineUpdate<boolean, [RecoveryUse]>('useRecovery');
export const recoveryCodesUpdate = defineUpdate<boolean, [RecoveryCodes]>('recoveryCodes');
export const addPasskeyUpdate = defineUpdate<boolean, [PasskeyAddition]>('addPasskey');
export const usePasskeyUpdate = defineUpdate<boolean, [PasskeyUse]>('usePasskey');
export const removeFactorUpdate = defineUpdate<boolean, [FactorRemoval]>('removeFactor');
export const threatUpdate = defineUpdate<undefined, [Threat]>('threat');
export const loginKeyUpdate = defineUpdate<string, [TypeOf<typeof keyOffer>]>('loginKey');
