import { defineQuery, defineUpdate } from '@temporalio/workflow';
import { author } from '../act';
import { named, oneOf, only, optional, type TypeOf } from '../shape';
import { identity, sessionSecrets, type SessionGrant } from './sessions';

/**
 * Messages about codes that become sessions: of a browser's consent (RFC 6749), and of devices (RFC 8628). Digests of
 * codes are kept, so that any server redeems a code, and each only once.
 */

const person = { by: author, from: optional(author) } as const;

export const codeIssue = only({
  digest: named('digest'),
  /** Digest of the client, the redirect URI and the PKCE challenge. */
  binding: named('digest'),
  ...identity,
  ...person,
});
export type CodeIssue = TypeOf<typeof codeIssue>;

export const storedCode = only({
  binding: named('digest'),
  ...identity,
  until: 'number',
  /** The session that it became. */
  session: optional(named('tokenId')),
});
export type StoredCode = TypeOf<typeof storedCode>;

export const codeRedemption = only({
  code: named('digest'),
  binding: named('digest'),
  ...sessionSecrets,
  ...person,
});
export type CodeRedemption = TypeOf<typeof codeRedemption>;

export const deviceRequest = only({ digest: named('digest'), userCode: named('digest'), ...person });
export type DeviceRequest = TypeOf<typeof deviceRequest>;

export const storedDevice = only({
  userCode: named('digest'),
  at: 'number',
  until: 'number',
  ...person,
  state: oneOf('pending', 'denied', 'approved'),
  /** Who has approved it. */
  identity: optional(only(identity)),
});
export type StoredDevice = TypeOf<typeof storedDevice>;

export const deviceDecision = only({
  userCode: named('digest'),
  decision: oneOf('denied', 'approved'),
  ...identity,
  ...person,
});
export type DeviceDecision = TypeOf<typeof deviceDecision>;

export const deviceRedemption = only({ device: named('digest'), ...sessionSecrets, ...person });
export type DeviceRedemption = TypeOf<typeof deviceRedemption>;

/** `replayed`: the code was used before, which has ended the session that it became. */
export type Redeemed = { grant: SessionGrant } | { problem: 'unknown' | 'replayed' | 'mismatch' };

export const codeLimits = { codeMs: 60_000, deviceMs: 600_000, count: 500, characters: 100_000 } as const;

export const issueCodeUpdate = defineUpdate<undefined, [CodeIssue]>('issueCode');
export const redeemCodeUpdate = defineUpdate<Redeemed, [CodeRedemption]>('redeemCode');
export const requestDeviceUpdate = defineUpdate<undefined, [DeviceRequest]>('requestDevice');
/** Resolves with whether the code was waited for. */
export const decideDeviceUpdate = defineUpdate<boolean, [DeviceDecision]>('decideDevice');
export const redeemDeviceUpdate = defineUpdate<Redeemed, [DeviceRedemption]>('redeemDevice');
/** Whether there is such an authorization code, used or not. */
export const codeQuery = defineQuery<boolean, [string]>('code');
/** The state of a device code. */
export const deviceQuery = defineQuery<StoredDevice['state'] | undefined, [string]>('device');
/** Where the request with a user code came from; undefined if nobody waits for it. */
export const userCodeQuery = defineQuery<{ from?: string; at: number } | undefined, [string]>('userCode');
