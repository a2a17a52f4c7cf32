import { defineQuery, defineUpdate } from '@temporalio/workflow';
import { sessionKinds } from '../../../model/access/sessions';
import { act, author } from '../act';
import { line, listOf, named, oneOf, only, optional, type TypeOf } from '../shape';

/** Messages about the sessions of people, and about the public keys that servers sign their JWTs with. */

const longestMethod = 100;

/** Who somebody is, and how that is known. */
export const identity = {
  subject: named('subject'),
  groups: listOf(named('group')),
  /** Such as `oidc company`. */
  method: line(longestMethod),
} as const;

/** What the holder of a session proves that they are it with; all are digests. */
export const sessionSecrets = {
  id: named('tokenId'),
  /** Of the part of a refresh token that stays. */
  family: named('digest'),
  /** Of the whole token. */
  digest: named('digest'),
} as const;

const person = { by: author, from: optional(author) } as const;

export const sessionOpening = only({
  ...sessionSecrets,
  ...identity,
  kind: oneOf(...sessionKinds),
  ...person,
});
export type SessionOpening = TypeOf<typeof sessionOpening>;

export const storedSession = only({
  ...identity,
  kind: oneOf(...sessionKinds),
  family: named('digest'),
  digest: named('digest'),
  ...person,
  at: 'number',
  /** The last refresh. */
  seenAt: 'number',
  /** The end, whatever happens. */
  until: 'number',
});
/** A session as it is kept; times in ms since the epoch. */
export type StoredSession = TypeOf<typeof storedSession>;

export const sessionRefresh = only({ ...sessionSecrets, next: named('digest'), ...person });
export type SessionRefresh = TypeOf<typeof sessionRefresh>;

export const sessionRevocation = only({ id: named('tokenId'), ...act.fields });
export type SessionRevocation = TypeOf<typeof sessionRevocation>;

/** Ends everything that a subject has logged in to, or is about to. */
export const subjectEnd = only({ subject: named('subject'), ...act.fields });
export type SubjectEnd = TypeOf<typeof subjectEnd>;

/** Who a session belongs to, for the token that is made of it. */
export interface SessionGrant {
  id: string;
  subject: string;
  groups: string[];
  method: string;
  /** The end of the session, in ms since the epoch. */
  until: number;
}

/** `reused`: an earlier token of the session was used again, which has ended it. */
export type Refreshed = { grant: SessionGrant } | { problem: 'unknown' | 'reused' };

/** The public half of a key, by which all servers verify what one of them signs. */
export const signingKey = only({
  /** The `x` of an Ed25519 key. */
  x: named('keyId'),
  /** No JWT of it is valid after this; in ms since the epoch. */
  until: 'number',
});
export type SigningKey = TypeOf<typeof signingKey>;

export const keyPublication = only({ id: named('keyId'), ...signingKey.fields, ...act.fields });
export type KeyPublication = TypeOf<typeof keyPublication>;

/** A token that a CI job got for one of its own. It belongs to no session. */
export const exchangeRecord = only({
  id: named('tokenId'),
  subject: named('subject'),
  /** Of the access file. */
  workload: named('host'),
  ...person,
});
export type ExchangeRecord = TypeOf<typeof exchangeRecord>;

/** Limits on what is kept; the state has to fit into one message of Temporal. */
export const sessionLimits = {
  count: 2000,
  /** The one that was not used for the longest time ends when there would be more. */
  perSubject: 20,
  groups: 50,
  characters: 400_000,
  revoked: 3000,
  keys: 500,
} as const;

export const openSessionUpdate = defineUpdate<SessionGrant, [SessionOpening]>('openSession');
export const refreshSessionUpdate = defineUpdate<Refreshed, [SessionRefresh]>('refreshSession');
/** Resolves with whether there was such a session. */
export const revokeSessionUpdate = defineUpdate<boolean, [SessionRevocation]>('revokeSession');
/** Resolves with the number of sessions that it ended. */
export const endSubjectUpdate = defineUpdate<number, [SubjectEnd]>('endSubject');
export const publishKeyUpdate = defineUpdate<undefined, [KeyPublication]>('publishKey');
export const recordExchangeUpdate = defineUpdate<undefined, [ExchangeRecord]>('recordExchange');
/** The sessions that have not ended, by id. */
export const sessionsQuery = defineQuery<Record<string, StoredSession>>('sessions');
export const oneSessionQuery = defineQuery<StoredSession | undefined, [string]>('session');
