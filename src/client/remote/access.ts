import type { Binding } from '../../model/access';
import type { StoredBinding } from '../../workflows/messages';
import type { TokenLine, TokenOptions } from '../access';
import type { Transport } from './transport';

/** Who may do what, through a server. */
export class RemoteAccess {
  constructor(private readonly transport: Transport) {}

  grant({ subject, role, scope }: Binding): Promise<void> {
    return this.transport.ask('PUT', '/access/roles', { body: { subject, role, scope } });
  }

  withdraw(subject: string, scope: string): Promise<void> {
    return this.transport.ask('DELETE', '/access/roles', { query: { subject, scope } });
  }

  async bindings(): Promise<StoredBinding[]> {
    return (await this.transport.ask<{ roles: StoredBinding[] }>('GET', '/access/roles')).roles;
  }

  createToken(subject: string, { limit, until, note }: TokenOptions = {}): Promise<{ id: string; token: string }> {
    return this.transport.ask('POST', '/access/tokens', { body: { subject, limit, until, note } });
  }

  async tokens(): Promise<TokenLine[]> {
    const { tokens } = await this.transport.ask<{ tokens: TokenLine[] }>('GET', '/access/tokens');
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
