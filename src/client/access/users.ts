import { randomBytes } from 'node:crypto';
import { sha256 } from '../../guard/access/digest';
import { newLink } from '../../guard/access/one-time-secrets';
import { requireName } from '../../model/names';
import { BadRequest } from '../../temporal/errors';
import type { InstallationWorkflow } from '../../temporal/installation-workflow';
import {
  addUserUpdate,
  changeUserUpdate,
  inviteUserUpdate,
  secondFactorUpdate,
  usersQuery,
  type UserChange,
  type UserLine,
} from '../../workflows/messages';
import { authorOf } from '../orders';
import { UserLogIns } from './log-ins';

/** A one-time link with which a user sets a password; `path` belongs behind the address of a server. */
export interface Invitation {
  user: string;
  path: string;
  until: Date;
}

/** What users need of roles and tokens. */
interface Holdings {
  /** Ends the sessions and tokens of a subject. */
  endAll(subject: string, by?: string): Promise<void>;
  /** Takes its roles. */
  withdrawAll(subject: string, by?: string): Promise<void>;
}

const invitationMs = 24 * 3_600_000;
const firstInvitationMs = 3_600_000;
const handleBytes = 32;

/** The first admin, whom a server invites that finds nobody with a role. */
export const firstAdmin = 'admin';

/** Below this, the token of an invitation is the rest of the path. */
export const invitationPath = '/auth/invitation/';

/** People whom the installation itself knows, without an identity provider. */
export class LocalUsers {
  /** What happens while somebody logs in. */
  readonly logIns: UserLogIns;

  constructor(
    private readonly kept: InstallationWorkflow,
    private readonly holdings: Holdings,
  ) {
    this.logIns = new UserLogIns(kept);
  }

  /** The users, by name. */
  async list(): Promise<UserLine[]> {
    const { users } = (await this.kept.read(usersQuery)) ?? { users: [] };
    return users.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Whether everybody needs a second factor. */
  async needsSecondFactor(): Promise<boolean> {
    return (await this.kept.read(usersQuery))?.secondFactor ?? false;
  }

  /**
   * Adds a user, who sets a password by a link. With a `requestId` that was used before, an unused link is replaced.
   * @throws BadRequest if there is one of that name
   */
  async add(name: string, { by, requestId }: { by?: string; requestId?: string } = {}): Promise<Invitation> {
    return this.create(name, invitationMs, { by, requestId });
  }

  /** The link of the first admin, instead of the one before. */
  async inviteFirstAdmin(): Promise<Invitation> {
    return this.create(firstAdmin, firstInvitationMs, { more: { first: true } });
  }

  /** A new link, instead of the one before. @throws BadRequest if there is no such user */
  async invite(name: string, by?: string): Promise<Invitation> {
    return this.inviteAgain(name, false, by);
  }

  /** Takes password, second factors, sessions and tokens of a user, and makes a new link. @throws BadRequest */
  async reset(name: string, by?: string): Promise<Invitation> {
    const invitation = await this.inviteAgain(name, true, by);
    await this.holdings.endAll(`user:${name}`, by);
    return invitation;
  }

  /** The user cannot log in any more; sessions and tokens end. @throws BadRequest if there is no such user */
  async disable(name: string, by?: string): Promise<void> {
    await this.change(name, 'disable', by);
    await this.holdings.endAll(`user:${name}`, by);
  }

  /** Ends that, and the wait after failed log-ins. @throws BadRequest if there is no such user */
  async enable(name: string, by?: string): Promise<void> {
    await this.change(name, 'enable', by);
  }

  /** Removes a user with its roles, sessions and tokens. @throws BadRequest if there is no such user */
  async remove(name: string, by?: string): Promise<void> {
    await this.change(name, 'disable', by);
    await this.holdings.endAll(`user:${name}`, by);
    await this.holdings.withdrawAll(`user:${name}`, by);
    await this.change(name, 'remove', by);
  }

  /** From the next log-in on, everybody needs a second factor, and sets one up. */
  async requireSecondFactor(required: boolean, by?: string): Promise<void> {
    await this.kept.store(secondFactorUpdate, { required, ...authorOf(by) });
  }

  private async create(
    name: string,
    validMs: number,
    { more = {}, by, requestId }: { more?: { first?: true }; by?: string; requestId?: string },
  ): Promise<Invitation> {
    requireName('localUser', name);
    const { message, invitation } = newInvitation(name, validMs);
    const handle = handleOf(requestId).toString('base64url');
    await this.kept.store(addUserUpdate, { name, handle, invitation: message, ...more, ...authorOf(by) });
    return invitation;
  }

  private async inviteAgain(name: string, reset: boolean, by?: string): Promise<Invitation> {
    requireName('localUser', name);
    const { message, invitation } = newInvitation(name, invitationMs);
    const update = { name, invitation: message, reset, ...authorOf(by) };
    if (await this.kept.change(inviteUserUpdate, update)) return invitation;
    throw missing(name);
  }

  private async change(name: string, change: UserChange['change'], by?: string): Promise<void> {
    requireName('localUser', name);
    if (!(await this.kept.change(changeUserUpdate, { name, change, ...authorOf(by) }))) throw missing(name);
  }
}

/** By which authenticators know a user: no secret, and the same for each repetition of a request. */
function handleOf(requestId: string | undefined): Buffer {
  return requestId === undefined ? randomBytes(handleBytes) : Buffer.from(sha256(`user ${requestId}`), 'hex');
}

function newInvitation(user: string, validMs: number) {
  const { token, digest } = newLink();
  const until = Date.now() + validMs;
  return {
    message: { digest, until },
    invitation: { user, path: `${invitationPath}${token}`, until: new Date(until) },
  };
}

function missing(name: string): BadRequest {
  return new BadRequest(`there is no user ${name}; see \`deploy-code access user list\``);
}
