import { waitOf } from '../../model/access';
import { recordAct, refusal } from '../support/installation';
import {
  userLimits,
  type NamedUser,
  type PasswordChange,
  type PasswordRenewal,
  type Redemption,
  type SecondFactorRule,
  type StoredUser,
  type UserAddition,
  type UserChange,
  type UserInvitation,
  type UserLine,
  type UserList,
  type UsersState,
} from '../messages';

/** Who the local users are, and the links with which they set a password. */
export class People {
  constructor(private readonly state: UsersState) {}

  list(): UserList {
    const lines = Object.entries(this.state.users).map(([name, user]) => lineOf(name, user));
    return { users: lines, secondFactor: this.state.secondFactor };
  }

  named(name: string): NamedUser | undefined {
    const user = userOf(this.state, name);
    return user && { name, user, secondFactor: this.state.secondFactor };
  }

  /** The user of a link that is valid. */
  invited(digest: string): NamedUser | undefined {
    const isOf = ({ invitation, disabled }: StoredUser) =>
      disabled !== true && invitation?.digest === digest && invitation.until > Date.now();
    const [name] = Object.entries(this.state.users).find(([, user]) => isOf(user)) ?? [];
    return name === undefined ? undefined : this.named(name);
  }

  async add({ name, handle, invitation, first, ...act }: UserAddition): Promise<undefined> {
    const next = (): StoredUser => ({
      handle,
      invitation,
      ...(first && { first }),
      passkeys: [],
      recovery: [],
      by: act.by ?? 'unknown',
      ...(act.from !== undefined && { from: act.from }),
      at: Date.now(),
    });
    this.requireNew(name, handle, first);
    requireRoom(this.state, { [name]: next() });
    await recordAct(this.state, act, `access user add ${name}`);
    this.requireNew(name, handle, first);
    requireRoom(this.state, { [name]: next() });
    this.state.users = { ...this.state.users, [name]: next() };
  }

  async invite({ name, invitation, reset, ...act }: UserInvitation): Promise<boolean> {
    if (!userOf(this.state, name)) return false;
    await recordAct(this.state, act, `access user ${reset ? 'reset' : 'invite'} ${name}`);
    const user = userOf(this.state, name);
    if (!user) return false;
    user.invitation = invitation;
    if (!reset) return true;
    for (const key of ['password', 'totp', 'offered', 'attempts', 'devices'] as const) delete user[key];
    user.passkeys = [];
    user.recovery = [];
    return true;
  }

  async change({ name, change, ...act }: UserChange): Promise<boolean> {
    if (!userOf(this.state, name)) return false;
    await recordAct(this.state, act, `access user ${change} ${name}`);
    const user = userOf(this.state, name);
    if (!user) return false;
    const { [name]: _removed, ...others } = this.state.users;
    if (change === 'remove') this.state.users = others;
    else if (change === 'disable') user.disabled = true;
    else for (const key of ['disabled', 'attempts', 'devices'] as const) delete user[key];
    return true;
  }

  /** A link is used once: the second of two at the same time finds none. */
  async redeem({ digest, password, ...act }: Redemption): Promise<string | undefined> {
    const name = this.invited(digest)?.name;
    if (name === undefined) return undefined;
    await recordAct(this.state, act, `access user ${name} sets a password by invitation`);
    const user = this.invited(digest)?.user;
    if (!user) return undefined;
    for (const key of ['invitation', 'first', 'attempts'] as const) delete user[key];
    user.password = password;
    return name;
  }

  async setPassword({ name, password, ...act }: PasswordChange): Promise<boolean> {
    if (!userOf(this.state, name)) return false;
    await recordAct(this.state, act, `access user ${name} changes the password`);
    const user = userOf(this.state, name);
    if (user) user.password = password;
    return user !== undefined;
  }

  /** Not if the password was changed meanwhile. */
  renewPassword({ name, before, password }: PasswordRenewal): boolean {
    const user = userOf(this.state, name);
    if (user?.password !== before) return false;
    user.password = password;
    return true;
  }

  async requireSecondFactor({ required, ...act }: SecondFactorRule): Promise<undefined> {
    await recordAct(this.state, act, `access require-second-factor ${required ? 'on' : 'off'}`);
    this.state.secondFactor = required;
  }

  /**
   * Names that differ in capitals only are one name to a reader. A user who has not set a password is new to a
   * repetition of the request, which has the same handle.
   */
  private requireNew(name: string, handle: string, first = false): void {
    const same = Object.keys(this.state.users).find((other) => other.toLowerCase() === name.toLowerCase());
    if (same === undefined) return;
    const known = this.state.users[same]!;
    if (same === name && first && known.first === true) return;
    if (same === name && known.handle === handle && known.password === undefined && known.invitation) return;
    throw refusal(`there is a user ${same} already; \`deploy-code access user invite ${same}\` makes a new link`);
  }
}

/** A user; undefined if there is none of this name. */
export function userOf({ users }: UsersState, name: string): StoredUser | undefined {
  return Object.hasOwn(users, name) ? users[name] : undefined;
}

/** @throws ApplicationFailure if the users, some of them new or changed, would not fit into one message */
export function requireRoom({ users }: UsersState, changed: Record<string, StoredUser>): void {
  const next = { ...users, ...changed };
  const most = `${userLimits.users} users with ${userLimits.characters} characters together`;
  if (Object.keys(next).length > userLimits.users || JSON.stringify(next).length > userLimits.characters)
    throw refusal(`the installation keeps at most ${most}; nothing was changed`);
}

function lineOf(name: string, user: StoredUser): UserLine {
  const now = Date.now();
  const { password, totp, passkeys, recovery, invitation, attempts, by, at, loggedInAt } = user;
  return {
    name,
    hasPassword: password !== undefined,
    hasTotp: totp !== undefined,
    passkeys: passkeys.map(({ id, label, at: since, usedAt }) => ({
      id,
      label,
      at: since,
      ...(usedAt !== undefined && { usedAt }),
    })),
    recoveryCodes: recovery.length,
    ...(invitation && invitation.until > now && { invitedUntil: invitation.until }),
    isFirst: user.first === true,
    isDisabled: user.disabled === true,
    lockedMs: waitOf(attempts, now),
    by,
    at,
    ...(loggedInAt !== undefined && { loggedInAt }),
  };
}
