import type { Client } from '@temporalio/client';
import { newApiToken } from '../../guard/access/api-token';
import type { AuditTrail } from '../../model/audit';
import type { Binding, Limit } from '../../model/access';
import { requireName } from '../../model/names';
import { BadRequest } from '../../temporal/errors';
import { InstallationWorkflow } from '../../temporal/installation-workflow';
import { unlessMissing } from '../../temporal/unless-missing';
import {
  accessId,
  accessQuery,
  blockedSignal,
  grantUpdate,
  installation,
  issueUpdate,
  revokeUpdate,
  usedSignal,
  usersId,
  withdrawUpdate,
  type AccessState,
  type Place,
  type StoredBinding,
} from '../../workflows/messages';
import { authorOf } from '../orders';
import { Alerts } from './alerts';
import { Sessions } from './sessions';
import { SignIn } from './sign-in';

export type { SessionLine } from './sessions';
import { firstAdmin, LocalUsers } from './users';

/** A token, without its secret. */
export interface TokenLine {
  id: string;
  subject: string;
  note?: string;
  /** The token has no more than this. */
  limit?: Limit;
  by: string;
  /** Host that it was created from. */
  from?: string;
  at: Date;
  until?: Date;
  usedAt?: Date;
}

export interface TokenOptions {
  /** The token has no more than this role in this scope, whatever its subject has. */
  limit?: Limit;
  until?: Date;
  note?: string;
  /** Default the user of this process. */
  by?: string;
  /** With one that was used before, the token gets a new text instead of the one before. */
  requestId?: string;
}

/** The part of the client that access uses. */
type ReadTrail = (place: Place, last: number, known: AccessState['audit']) => Promise<AuditTrail>;

/** Who may do what through the servers of an installation. */
export class Access {
  /** Sessions of people. */
  readonly sessions: Sessions;
  /** Codes of people who log in. */
  readonly signIn: SignIn;
  /** Messages to the subscribers of the installation. */
  readonly alerts: Alerts;
  private readonly kept: InstallationWorkflow;

  /** People whom the installation itself knows. */
  readonly users: LocalUsers;

  constructor(
    temporal: Client,
    private readonly readTrail: ReadTrail,
  ) {
    this.users = new LocalUsers(new InstallationWorkflow(temporal, usersId, 'users', 'local users'), {
      endAll: (subject, by) => this.endAll(subject, by),
      withdrawAll: (subject, by) => this.withdrawAll(subject, by),
    });
    this.kept = new InstallationWorkflow(temporal, accessId, 'access', 'roles and tokens');
    this.sessions = new Sessions(this.kept);
    this.signIn = new SignIn(this.kept);
    this.alerts = new Alerts(temporal);
  }

  /** What servers need to let somebody in. Tokens are digests in it. */
  async state(): Promise<AccessState> {
    return (await this.kept.read(accessQuery)) ?? { bindings: [], tokens: {} };
  }

  /**
   * Gives a subject a role in a scope, instead of the one that it has there.
   * @throws NameProblem if the subject or the scope is not valid
   */
  async grant({ subject, role, scope }: Binding, by?: string): Promise<void> {
    requireName('subject', subject);
    requireName('scope', scope);
    await this.kept.store(grantUpdate, { subject, role, scope, ...authorOf(by) });
  }

  /** Takes the role that a subject has in a scope. @throws BadRequest if it has none there */
  async withdraw(subject: string, scope: string, by?: string): Promise<void> {
    requireName('subject', subject);
    requireName('scope', scope);
    if (await this.kept.change(withdrawUpdate, { subject, scope, ...authorOf(by) })) return;
    throw new BadRequest(`${subject} has no role on ${scope}; see \`deploy-code access list\``);
  }

  /** The roles, by subject and scope. */
  async bindings(): Promise<StoredBinding[]> {
    const { bindings } = await this.state();
    const key = ({ subject, scope }: StoredBinding) => `${subject} ${scope}`;
    return [...bindings].sort((one, other) => (key(one) < key(other) ? -1 : 1));
  }

  /**
   * Creates a token of a subject; its text is nowhere else.
   * @throws BadRequest for a group, or if it would end in the past
   */
  async createToken(
    subject: string,
    { limit, until, note, by, requestId }: TokenOptions = {},
  ): Promise<{ id: string; token: string }> {
    requireName('subject', subject);
    if (subject.startsWith('group:'))
      throw new BadRequest('a token belongs to a user or a service, so that records show who acted; not to a group');
    if (limit) requireName('scope', limit.scope);
    if (until && !(until.getTime() > Date.now())) throw new BadRequest('a token must end in the future');
    const { id, digest, text } = newApiToken(requestId);
    await this.kept.store(issueUpdate, {
      id,
      subject,
      digest,
      ...(note !== undefined && { note }),
      ...(limit && { limit }),
      ...(until && { until: until.getTime() }),
      ...authorOf(by),
    });
    return { id, token: text };
  }

  /** The tokens, newest first. */
  async tokens(): Promise<TokenLine[]> {
    const { tokens } = await this.state();
    const lines = Object.entries(tokens).map(([id, { digest: _digest, at, until, usedAt, ...token }]) => ({
      id,
      ...token,
      at: new Date(at),
      ...(until !== undefined && { until: new Date(until) }),
      ...(usedAt !== undefined && { usedAt: new Date(usedAt) }),
    }));
    return lines.sort((one, other) => other.at.getTime() - one.at.getTime());
  }

  /** Revokes a token by its id; servers refuse it within five seconds. @throws BadRequest if there is none */
  async revokeToken(id: string, by?: string): Promise<void> {
    requireName('tokenId', id);
    if (await this.kept.change(revokeUpdate, { id, ...authorOf(by) })) return;
    throw new BadRequest(`there is no token ${id}; see \`deploy-code access token list\``);
  }

  /** True if nobody has a role, and nobody can log in, apart from a first admin who has not been here yet. */
  async isUnclaimed(): Promise<boolean> {
    const [{ bindings }, users] = await Promise.all([this.state(), this.users.list()]);
    const isFirst = (subject: string) => subject === `user:${firstAdmin}`;
    return bindings.every(({ subject }) => isFirst(subject)) && users.every(({ isFirst: still }) => still);
  }

  /** Ends every session and token of a subject. */
  private async endAll(subject: string, by?: string): Promise<void> {
    await this.sessions.endAllOf(subject, by);
    const { tokens } = await this.state();
    for (const [id, token] of Object.entries(tokens))
      if (token.subject === subject) await this.kept.change(revokeUpdate, { id, ...authorOf(by) });
  }

  private async withdrawAll(subject: string, by?: string): Promise<void> {
    const { bindings } = await this.state();
    for (const { scope, subject: each } of bindings)
      if (each === subject) await this.kept.change(withdrawUpdate, { subject, scope, ...authorOf(by) });
  }

  /** Records when tokens were last used, in ms since the epoch, by their ids. */
  async recordUses(uses: Record<string, number>): Promise<void> {
    await unlessMissing(() => this.kept.handle.signal(usedSignal, uses));
  }

  /** Lets every server refuse sources that attack; until when, in ms since the epoch, by address or token. */
  async block(sources: Record<string, number>): Promise<void> {
    await unlessMissing(() => this.kept.handle.signal(blockedSignal, sources));
  }

  /** The last records of the audit trail of the installation. */
  async audit(last = 50): Promise<AuditTrail> {
    return this.readTrail(installation, last, (await this.state()).audit);
  }
}
