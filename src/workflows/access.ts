import { setHandler } from '@temporalio/workflow';
import { admit } from './support/admit';
import { keep, recordAct, refusal } from './support/installation';
import { accepts, listen } from './support/listen';
import {
  accessLimits,
  accessQuery,
  grantUpdate,
  issueUpdate,
  revokeUpdate,
  usedSignal,
  withdrawUpdate,
  type AccessState,
  type GrantRequest,
  type StoredBinding,
  type TokenIssue,
  type TokenRevocation,
  type WithdrawalRequest,
} from './messages';
import { tidied } from './messages/shape';
import { inputs, shapes } from './messages/shapes';

/** Keeps the roles and tokens of an installation, for its servers. */
export async function access(before: AccessState = { bindings: [], tokens: {} }): Promise<void> {
  const kept = new Access(admit(before, inputs.accessState, 'access'));
  setHandler(accessQuery, () => kept.state);
  setHandler(grantUpdate, (grant) => kept.grant(tidied(grant, shapes.grant)), { validator: accepts(shapes.grant) });
  setHandler(withdrawUpdate, (role) => kept.withdraw(tidied(role, shapes.withdrawal)), {
    validator: accepts(shapes.withdrawal),
  });
  setHandler(issueUpdate, (token) => kept.issue(tidied(token, shapes.tokenIssue)), {
    validator: accepts(shapes.tokenIssue),
  });
  setHandler(revokeUpdate, (token) => kept.revoke(tidied(token, shapes.tokenRevocation)), {
    validator: accepts(shapes.tokenRevocation),
  });
  listen(usedSignal, shapes.tokenUses, (uses) => kept.use(uses));
  return keep(kept.state, ({ bindings, tokens }) => bindings.length === 0 && Object.keys(tokens).length === 0);
}

class Access {
  constructor(readonly state: AccessState) {}

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
    const count = Object.keys(this.state.tokens).filter((other) => other !== id).length;
    requireRoom(count < accessLimits.tokens, `${accessLimits.tokens} tokens`);
    await recordAct(this.state, token, `access token ${id} for ${token.subject}`);
    this.state.tokens = { ...this.state.tokens, [id]: { ...token, at: Date.now() } };
  }

  async revoke({ id, ...act }: TokenRevocation): Promise<boolean> {
    const token = Object.hasOwn(this.state.tokens, id) ? this.state.tokens[id] : undefined;
    if (!token) return false;
    await recordAct(this.state, act, `access revoke token ${id} of ${token.subject}`);
    const { [id]: removed, ...others } = this.state.tokens;
    this.state.tokens = others;
    return removed !== undefined;
  }

  /** The record of uses never makes a token that was revoked meanwhile appear again. */
  use(uses: Record<string, number>): void {
    for (const [id, at] of Object.entries(uses)) {
      const token = Object.hasOwn(this.state.tokens, id) ? this.state.tokens[id] : undefined;
      if (token) token.usedAt = Math.max(at, token.usedAt ?? 0);
    }
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
