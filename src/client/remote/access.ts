import type { Binding, DeclaredBinding } from '../../model/access';
import type { StoredBinding } from '../../workflows/messages';
import type { SessionLine, TokenLine, TokenOptions } from '../access';
import { pagesOf } from './pages';
import type { Transport } from './transport';
import { RemoteUsers } from './users';

/** Who may do what, through a server. */
export class RemoteAccess {
  /** Sessions of people. */
  readonly sessions: RemoteSessions;
  /** People whom the installation itself knows. */
  readonly users: RemoteUsers;

  constructor(private readonly transport: Transport) {
    this.sessions = new RemoteSessions(transport);
    this.users = new RemoteUsers(transport);
  }

  grant({ subject, role, scope }: Binding): Promise<void> {
    return this.transport.ask('PUT', '/access/roles', { body: { subject, role, scope } });
  }

  withdraw(subject: string, scope: string): Promise<void> {
    return this.transport.ask('DELETE', '/access/roles', { query: { subject, scope } });
  }

  async bindings(): Promise<(StoredBinding | DeclaredBinding)[]> {
    return pagesOf<StoredBinding | DeclaredBinding>(this.transport, '/access/roles', 'roles');
  }

  createToken(subject: string, { limit, until, note }: TokenOptions = {}): Promise<{ id: string; token: string }> {
    return this.transport.ask('POST', '/access/tokens', { body: { subject, limit, until, note } });
  }

  async tokens(): Promise<TokenLine[]> {
    const tokens = await pagesOf<TokenLine>(this.transport, '/access/tokens', 'tokens');
    return tokens.map(({ at, until, usedAt, ...token }) => ({
      ...token,
      at: new Date(at),
      ...(until && { until: new Date(until) }),
      ...(usedAt && { usedAt: new Date(usedAt) }),
    }));
  }

  revokeToken(id: string): Promise<void> {
    return this.transport.ask('DELETE', `/access/tokens/${encodeURIComponent(id)}`);
  }
}

/** The sessions of people who have logged in at the server. */
class RemoteSessions {
  constructor(private readonly transport: Transport) {}

  async list(subject?: string): Promise<SessionLine[]> {
    const { sessions } = await this.transport.ask<{ sessions: SessionLine[] }>('GET', '/access/sessions', {
      query: { subject },
    });
    return sessions.map(({ at, seenAt, until, ...session }) => ({
      ...session,
      at: new Date(at),
      seenAt: new Date(seenAt),
      until: new Date(until),
    }));
  }

  revoke(id: string): Promise<void> {
    return this.transport.ask('DELETE', `/access/sessions/${encodeURIComponent(id)}`);
  }
}
