import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { roles, type Binding } from '../../../model/access';
import type { AuditHead } from '../../../model/audit';
import { act, author } from '../act';
import { signingKey, storedSession, type SigningKey, type StoredSession } from './sessions';
import { storedCode, storedDevice, type StoredCode, type StoredDevice } from './sign-in';
import { line, listOf, named, oneOf, only, optional, partOf, recordOf, type TypeOf } from '../shape';

export * from './sessions';
export * from './sign-in';

/** Messages to the workflow that keeps who may do what in an installation. It holds no token, only digests of them. */

export const accessId = 'access';

const longestNote = 200;
const role = oneOf(...roles);

export const grant = only({ subject: named('subject'), role, scope: named('scope'), ...act.fields });
export type GrantRequest = TypeOf<typeof grant>;

export const withdrawal = only({ subject: named('subject'), scope: named('scope'), ...act.fields });
export type WithdrawalRequest = TypeOf<typeof withdrawal>;

const token = {
  subject: named('subject'),
  /** SHA-256 of the token. */
  digest: named('digest'),
  note: optional(line(longestNote)),
  /** The token has no more than this, whatever its subject has. */
  limit: optional(only({ role, scope: named('scope') })),
  /** In ms since the epoch; absent: until it is revoked. */
  until: optional('number'),
  by: author,
  /** Host the request came from. */
  from: optional(author),
} as const;

export const tokenIssue = only({ id: named('tokenId'), ...token });
export type TokenIssue = TypeOf<typeof tokenIssue>;

const storedToken = only({ ...token, at: 'number', usedAt: optional('number') });
/** A token as it is kept; `at` and `usedAt` in ms since the epoch. */
export type StoredToken = TypeOf<typeof storedToken>;

export const tokenRevocation = only({ id: named('tokenId'), ...act.fields });
export type TokenRevocation = TypeOf<typeof tokenRevocation>;

/** When tokens were last used, in ms since the epoch, by the ids of the tokens. */
export const tokenUses = recordOf('number');

/** Addresses and tokens that attack, and until when they are refused, in ms since the epoch. */
export const blockedSources = recordOf('number');

/** A role that was given, and by whom; `at` in ms since the epoch. */
export interface StoredBinding extends Binding {
  by: string;
  from?: string;
  at: number;
}

/** What servers look at every second: all that they need to let somebody in, and nothing else. */
export interface AccessState {
  bindings: StoredBinding[];
  /** By id. */
  tokens: Record<string, StoredToken>;
  /** Public keys of the servers, by their ids. */
  keys?: Record<string, SigningKey>;
  /** Sessions that ended while a JWT of them may still be valid, by id; when, in ms since the epoch. */
  revoked?: Record<string, number>;
  /** Addresses and tokens that a server has blocked, and until when, in ms since the epoch. */
  blocked?: Record<string, number>;
  /** The end of the audit trail of the installation. */
  audit?: AuditHead;
}

/** Everything that is kept. */
export interface KeptAccess extends AccessState {
  /** By id. */
  sessions?: Record<string, StoredSession>;
  /** Authorization codes by their digests. */
  codes?: Record<string, StoredCode>;
  /** Device codes by their digests. */
  devices?: Record<string, StoredDevice>;
}

export const accessState = partOf<KeptAccess>({
  bindings: listOf(
    only({ subject: named('subject'), role, scope: named('scope'), by: author, from: optional(author), at: 'number' }),
  ),
  tokens: recordOf(storedToken),
  keys: optional(recordOf(signingKey)),
  revoked: optional(recordOf('number')),
  blocked: optional(recordOf('number')),
  sessions: optional(recordOf(storedSession)),
  codes: optional(recordOf(storedCode)),
  devices: optional(recordOf(storedDevice)),
  audit: optional(only({ sequence: 'count', hash: 'text', place: optional(oneOf('database')) })),
});

/** Limits on what is kept; the state has to fit into one message of Temporal. */
export const accessLimits = { bindings: 2000, tokens: 1000, blocked: 500, blockedMs: 900_000 } as const;

export const accessQuery = defineQuery<AccessState>('state');
export const grantUpdate = defineUpdate<undefined, [GrantRequest]>('grant');
/** Resolves with whether there was such a role. */
export const withdrawUpdate = defineUpdate<boolean, [WithdrawalRequest]>('withdraw');
export const issueUpdate = defineUpdate<undefined, [TokenIssue]>('issue');
/** Resolves with whether there was such a token. */
export const revokeUpdate = defineUpdate<boolean, [TokenRevocation]>('revoke');
export const usedSignal = defineSignal<[TypeOf<typeof tokenUses>]>('used');
export const blockedSignal = defineSignal<[TypeOf<typeof blockedSources>]>('blocked');
