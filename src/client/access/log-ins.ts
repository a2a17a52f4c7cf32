import { randomBytes } from 'node:crypto';
import { isName } from '../../model/names';
import type { InstallationWorkflow } from '../../temporal/installation-workflow';
import {
  addPasskeyUpdate,
  attemptUpdate,
  invitedQuery,
  loggedInUpdate,
  loginKeyQuery,
  loginKeyUpdate,
  offerTotpUpdate,
  passkeyQuery,
  passwordUpdate,
  recoveryCodesUpdate,
  redeemUpdate,
  renewPasswordUpdate,
  removeFactorUpdate,
  threatUpdate,
  usePasskeyUpdate,
  useRecoveryUpdate,
  userQuery,
  useTotpUpdate,
  type AttemptAnswer,
  type FactorRemoval,
  type LogIn,
  type NamedUser,
  type PasskeyAddition,
  type Threat,
} from '../../workflows/messages';
import { authorOf } from '../orders';

const keyBytes = 32;

/** What a server asks and records while local users log in. Names and ids that are not valid belong to nobody. */
export class UserLogIns {
  constructor(private readonly kept: InstallationWorkflow) {}

  async user(name: string): Promise<NamedUser | undefined> {
    return isName('localUser', name) ? this.kept.read(userQuery, name) : undefined;
  }

  /** The user whom a link invites, by the digest of its token. */
  async invited(digest: string): Promise<NamedUser | undefined> {
    return this.kept.read(invitedQuery, digest);
  }

  async ownerOfPasskey(id: string): Promise<NamedUser | undefined> {
    return isName('bytes', id) ? this.kept.read(passkeyQuery, id) : undefined;
  }

  /** The key that all servers share, made with the first need of it. */
  async key(): Promise<string> {
    const offer = () => this.kept.store(loginKeyUpdate, { key: randomBytes(keyBytes).toString('base64url') });
    return (await this.kept.read(loginKeyQuery)) ?? offer();
  }

  /** Counts an attempt, before it is made. Without users there is nothing to guess. */
  async attempt(logIn: LogIn): Promise<AttemptAnswer> {
    return (await this.kept.change(attemptUpdate, logIn)) ?? { waitMs: 0, isLocked: false };
  }

  /** Forgets failed attempts; false if the user was disabled or removed meanwhile. */
  succeed(logIn: LogIn): Promise<boolean> {
    return this.isDone(this.kept.change(loggedInUpdate, logIn));
  }

  /** Replaces the digest of the same password; false if the password was changed meanwhile. */
  renewPassword(name: string, before: string, password: string): Promise<boolean> {
    return this.isDone(this.kept.change(renewPasswordUpdate, { name, before, password }));
  }

  /** The user whose password is set; undefined if the link was used or has ended. */
  async redeem(digest: string, password: string): Promise<string | undefined> {
    return this.kept.change(redeemUpdate, { digest, password, ...authorOf(undefined) });
  }

  setPassword(name: string, password: string): Promise<boolean> {
    return this.isDone(this.kept.change(passwordUpdate, { name, password, ...authorOf(undefined) }));
  }

  offerTotp(name: string, secret: string): Promise<boolean> {
    return this.isDone(this.kept.change(offerTotpUpdate, { name, secret }));
  }

  /** Uses the step of a code; false if it was used. `offered` confirms the secret that was offered last. */
  useTotp(name: string, step: number, offered = false): Promise<boolean> {
    return this.isDone(this.kept.change(useTotpUpdate, { name, step, offered, ...authorOf(undefined) }));
  }

  useRecovery(name: string, digest: string): Promise<boolean> {
    return this.isDone(this.kept.change(useRecoveryUpdate, { name, digest, ...authorOf(undefined) }));
  }

  setRecovery(name: string, digests: string[]): Promise<boolean> {
    return this.isDone(this.kept.change(recoveryCodesUpdate, { name, digests, ...authorOf(undefined) }));
  }

  addPasskey(passkey: Omit<PasskeyAddition, 'by' | 'from'>): Promise<boolean> {
    return this.isDone(this.kept.change(addPasskeyUpdate, { ...passkey, ...authorOf(undefined) }));
  }

  usePasskey(id: string, counter: number, challenge: string): Promise<boolean> {
    return this.isDone(this.kept.change(usePasskeyUpdate, { id, counter, challenge }));
  }

  removeFactor(factor: Omit<FactorRemoval, 'by' | 'from'>): Promise<boolean> {
    return this.isDone(this.kept.change(removeFactorUpdate, { ...factor, ...authorOf(undefined) }));
  }

  /** Records in the audit trail that somebody seems to attack. */
  async report(threat: Threat): Promise<void> {
    await this.kept.store(threatUpdate, threat);
  }

  private async isDone(change: Promise<boolean | undefined>): Promise<boolean> {
    return (await change) ?? false;
  }
}
