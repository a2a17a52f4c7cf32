import type { UpdateDefinition } from '@temporalio/common';
import { setHandler } from '@temporalio/workflow';
import { Sessions } from './identity/sessions';
import { SignIn } from './identity/sign-in';
import { handedOn, keep, recordAct, refusal } from './support/installation';
import { accepts, listen } from './support/listen';
import {
  accessLimits,
  accessQuery,
  blockedSignal,
  codeQuery,
  decideDeviceUpdate,
  deviceQuery,
  endSubjectUpdate,
  grantUpdate,
  issueCodeUpdate,
  issueUpdate,
  openSessionUpdate,
  publishKeyUpdate,
  recordExchangeUpdate,
  redeemCodeUpdate,
  redeemDeviceUpdate,
  refreshSessionUpdate,
  requestDeviceUpdate,
  revokeSessionUpdate,
  revokeUpdate,
  oneSessionQuery,
  sessionsQuery,
  usedSignal,
  userCodeQuery,
  withdrawUpdate,
  type AccessState,
  type GrantRequest,
  type KeptAccess,
  type StoredBinding,
  type StoredToken,
  type TokenIssue,
  type TokenRevocation,
  type WithdrawalRequest,
} from './messages';
import { tidied, type Shape } from './messages/shape';
import { inputs, shapes } from './messages/shapes';

/** Keeps the roles, tokens and sessions of an installation, for its servers. */
export async function access(before?: KeptAccess): Promise<void> {
  const state = handedOn(before, { bindings: [], tokens: {} }, inputs.accessState);
  const kept = new Access(state);
  setHandler(accessQuery, () => kept.forServers);
  take(grantUpdate, shapes.grant, (grant) => kept.grant(grant));
  take(withdrawUpdate, shapes.withdrawal, (role) => kept.withdraw(role));
  take(issueUpdate, shapes.tokenIssue, (token) => kept.issue(token));
  take(revokeUpdate, shapes.tokenRevocation, (token) => kept.revoke(token));
  listen(usedSignal, shapes.tokenUses, (uses) => kept.use(uses));
  listen(blockedSignal, shapes.blockedSources, (sources) => kept.block(sources));
  const sessions = new Sessions(state);
  keepSessions(sessions);
  keepCodes(new SignIn(state, sessions));
  return keep(state, isEmpty);
}

function keepSessions(sessions: Sessions): void {
  setHandler(sessionsQuery, () => sessions.current);
  setHandler(oneSessionQuery, (id) => sessions.find(id));
  take(openSessionUpdate, shapes.sessionOpening, (session) => sessions.open(session));
  take(refreshSessionUpdate, shapes.sessionRefresh, (token) => sessions.refresh(token));
  take(revokeSessionUpdate, shapes.sessionRevocation, (session) => sessions.revoke(session));
  take(publishKeyUpdate, shapes.keyPublication, (key) => sessions.publish(key));
  take(recordExchangeUpdate, shapes.exchangeRecord, (token) => sessions.recordExchange(token));
}

function keepCodes(codes: SignIn): void {
  setHandler(deviceQuery, (digest) => codes.stateOf(digest));
  setHandler(userCodeQuery, (digest) => codes.requestWith(digest));
  setHandler(codeQuery, (digest) => codes.hasCode(digest));
  take(
    issueCodeUpdate,
    shapes.codeIssue,
    (code) => codes.issueCode(code),
    () => codes.requireRoom(),
  );
  take(redeemCodeUpdate, shapes.codeRedemption, (code) => codes.redeemCode(code));
  take(
    requestDeviceUpdate,
    shapes.deviceRequest,
    (device) => codes.requestDevice(device),
    () => codes.requireRoomForDevice(),
  );
  take(decideDeviceUpdate, shapes.deviceDecision, (decision) => codes.decideDevice(decision));
  take(endSubjectUpdate, shapes.subjectEnd, (end) => codes.endAllOf(end));
  take(redeemDeviceUpdate, shapes.deviceRedemption, (device) => codes.redeemDevice(device));
}

/** Handles an update whose message fits a shape. One that a validator refuses leaves no trace in the history. */
function take<T, M>(
  update: UpdateDefinition<T, [M]>,
  shape: Shape,
  handle: (message: M) => Promise<T>,
  requireMore: () => void = () => undefined,
): void {
  const requireShape = accepts(shape);
  const validator = (message: M) => {
    requireShape(message);
    requireMore();
  };
  setHandler(update, (message: M) => handle(tidied(message, shape)), { validator });
}

function isEmpty({ bindings, ...records }: KeptAccess): boolean {
  const { tokens, keys = {}, sessions = {}, devices = {} } = records;
  return [bindings, tokens, keys, sessions, devices].every((each) => Object.keys(each).length === 0);
}

/** An address, a network or the id of a token. */
const sourcePattern = /^(?:token )?[A-Za-z0-9.:/_-]{1,100}$/;

class Access {
  constructor(private readonly state: KeptAccess) {}

  get forServers(): AccessState {
    const { bindings, tokens, keys = {}, revoked = {}, blocked, audit } = this.state;
    return { bindings, tokens, keys, revoked, ...(blocked && { blocked }), ...(audit && { audit }) };
  }

  /** A subject has one role in a scope: the last that was given. */
  async grant({ subject, role, scope, ...act }: GrantRequest): Promise<undefined> {
    requireRoom(this.without(subject, scope).length < accessLimits.bindings, `${accessLimits.bindings} roles`);
    await recordAct(this.state, act, `access grant ${role} on ${scope} to ${subject}`);
    const binding: StoredBinding = { subject, role, scope, ...authorOf(act), at: Date.now() };
    this.state.bindings = [...this.without(subject, scope), binding];
  }

  async withdraw({ subject, scope, ...act }: WithdrawalRequest): Promise<boolean> {
    if (this.without(subject, scope).length === this.state.bindings.length) return false;
    await recordAct(this.state, act, `access withdraw ${scope} from ${subject}`);
    this.state.bindings = this.without(subject, scope);
    return true;
  }

  async issue({ id, ...token }: TokenIssue): Promise<undefined> {
    const known = this.token(id);
    if (known && known.subject !== token.subject) throw refusal(`there is a token ${id} of ${known.subject} already`);
    const count = Object.keys(this.state.tokens).filter((other) => other !== id).length;
    requireRoom(count < accessLimits.tokens, `${accessLimits.tokens} tokens`);
    await recordAct(this.state, token, `access token ${id} for ${token.subject}`);
    this.state.tokens = { ...this.state.tokens, [id]: { ...token, at: Date.now() } };
  }

  async revoke({ id, ...act }: TokenRevocation): Promise<boolean> {
    const token = this.token(id);
    if (!token) return false;
    await recordAct(this.state, act, `access revoke token ${id} of ${token.subject}`);
    const { [id]: removed, ...others } = this.state.tokens;
    this.state.tokens = others;
    return removed !== undefined;
  }

  /** The record of uses never makes a token that was revoked meanwhile appear again. */
  use(uses: Record<string, number>): void {
    for (const [id, at] of Object.entries(uses)) {
      const token = this.token(id);
      if (token) token.usedAt = Math.max(at, token.usedAt ?? 0);
    }
  }

  /** Sources that a server has blocked, for all servers; no longer than a server blocks one. */
  block(sources: Record<string, number>): void {
    const now = Date.now();
    const latest = now + accessLimits.blockedMs;
    const known = Object.entries(this.state.blocked ?? {});
    const added = Object.entries(sources).map(([source, until]) => [source, Math.min(until, latest)] as const);
    const current = [...known, ...added].filter(([source, until]) => sourcePattern.test(source) && until > now);
    this.state.blocked = Object.fromEntries(current.slice(-accessLimits.blocked));
  }

  private token(id: string): StoredToken | undefined {
    return Object.hasOwn(this.state.tokens, id) ? this.state.tokens[id] : undefined;
  }

  private without(subject: string, scope: string): StoredBinding[] {
    return this.state.bindings.filter((each) => each.subject !== subject || each.scope !== scope);
  }
}

function authorOf({ by = 'unknown', from }: { by?: string; from?: string }): { by: string; from?: string } {
  return { by, ...(from !== undefined && { from }) };
}

function requireRoom(hasRoom: boolean, most: string): void {
  if (!hasRoom) throw refusal(`the installation keeps at most ${most}; nothing was changed`);
}
