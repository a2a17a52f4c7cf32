import type { UserLine } from '../../workflows/messages';
import type { Invitation } from '../access/users';
import type { Transport } from './transport';

interface Users {
  users: UserLine[];
  secondFactor: boolean;
}

/** People whom the installation itself knows, through a server. */
export class RemoteUsers {
  constructor(private readonly transport: Transport) {}

  async list(): Promise<UserLine[]> {
    return (await this.read()).users;
  }

  async needsSecondFactor(): Promise<boolean> {
    return (await this.read()).secondFactor;
  }

  async add(name: string): Promise<Invitation> {
    return invitationOf(await this.transport.ask('POST', '/access/users', { body: { name } }));
  }

  async invite(name: string): Promise<Invitation> {
    return invitationOf(await this.transport.ask('POST', `${pathOf(name)}/invitation`));
  }

  async reset(name: string): Promise<Invitation> {
    return invitationOf(await this.transport.ask('POST', `${pathOf(name)}/reset`));
  }

  disable(name: string): Promise<void> {
    return this.transport.ask('PUT', `${pathOf(name)}/disabled`);
  }

  enable(name: string): Promise<void> {
    return this.transport.ask('DELETE', `${pathOf(name)}/disabled`);
  }

  remove(name: string): Promise<void> {
    return this.transport.ask('DELETE', pathOf(name));
  }

  requireSecondFactor(required: boolean): Promise<void> {
    return this.transport.ask('PUT', '/access/second-factor', { body: { required } });
  }

  private read(): Promise<Users> {
    return this.transport.ask('GET', '/access/users');
  }
}

function pathOf(name: string): string {
  return `/access/users/${encodeURIComponent(name)}`;
}

function invitationOf({ until, ...invitation }: Invitation): Invitation {
  return { ...invitation, until: new Date(until) };
}
