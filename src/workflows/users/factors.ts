import { recordAct, refusal } from '../support/installation';
import {
  userLimits,
  type FactorRemoval,
  type NamedUser,
  type PasskeyAddition,
  type PasskeyUse,
  type RecoveryCodes,
  type RecoveryUse,
  type StoredPasskey,
  type StoredUser,
  type TotpOffer,
  type TotpUse,
  type UsersState,
} from '../messages';
import { requireRoom, userOf } from './people';

/** How long a secret for an authenticator app waits for its first code. */
const offerMs = 15 * 60_000;
/** Answers of passkeys are valid for less than this. */
const challengeMs = 15 * 60_000;

/** Second factors of local users. Each use is an update: of two at the same time, one finds the code used. */
export class Factors {
  constructor(private readonly state: UsersState) {}

  ownerOf(id: string): NamedUser | undefined {
    const [name, user] = Object.entries(this.state.users).find(([, each]) => passkeyOf(each, id)) ?? [];
    return name === undefined ? undefined : { name, user: user!, secondFactor: this.state.secondFactor };
  }

  offerTotp({ name, secret }: TotpOffer): boolean {
    const user = userOf(this.state, name);
    if (user) user.offered = { secret, until: Date.now() + offerMs };
    return user !== undefined;
  }

  async useTotp({ name, step, offered, ...act }: TotpUse): Promise<boolean> {
    const user = userOf(this.state, name);
    if (offered) return this.confirmTotp(user, { name, step, ...act });
    if (!user?.totp || user.disabled || step <= user.totp.step) return false;
    user.totp = { ...user.totp, step };
    return true;
  }

  async useRecovery({ name, digest, ...act }: RecoveryUse): Promise<boolean> {
    const user = userOf(this.state, name);
    if (!user || user.disabled || !user.recovery.includes(digest)) return false;
    user.recovery = user.recovery.filter((each) => each !== digest);
    await recordAct(this.state, act, `access user ${name} uses a recovery code`);
    return true;
  }

  async setRecovery({ name, digests, ...act }: RecoveryCodes): Promise<boolean> {
    if (!userOf(this.state, name)) return false;
    await recordAct(this.state, act, `access user ${name} makes recovery codes`);
    const user = userOf(this.state, name);
    if (user) this.replace(name, { ...user, recovery: digests });
    return user !== undefined;
  }

  async addPasskey({ name, by, from, ...passkey }: PasskeyAddition): Promise<boolean> {
    this.requireNewPasskey(name, passkey.id);
    await recordAct(this.state, { by, from }, `access user ${name} adds a passkey`);
    this.requireNewPasskey(name, passkey.id);
    const user = userOf(this.state, name);
    if (user) this.replace(name, { ...user, passkeys: [...user.passkeys, { ...passkey, at: Date.now() }] });
    return user !== undefined;
  }

  /** An authenticator that counts and did not count on is a copy, or answers for the second time. */
  usePasskey({ id, counter, challenge }: PasskeyUse): boolean {
    const owner = this.ownerOf(id);
    const passkey = owner && passkeyOf(owner.user, id);
    if (!passkey || owner.user.disabled) return false;
    const isCopied = (counter > 0 || passkey.counter > 0) && counter <= passkey.counter;
    const challenges = recent(passkey.challenges);
    const isFull = Object.keys(challenges).length >= userLimits.challenges;
    if (isCopied || isFull || Object.hasOwn(challenges, challenge)) return false;
    const now = Date.now();
    Object.assign(passkey, { counter, usedAt: now, challenges: { ...challenges, [challenge]: now } });
    return true;
  }

  async remove({ name, totp, passkey, ...act }: FactorRemoval): Promise<boolean> {
    if (!userOf(this.state, name)) return false;
    await recordAct(this.state, act, `access user ${name} removes ${totp ? 'the authenticator app' : 'a passkey'}`);
    const user = userOf(this.state, name);
    if (!user) return false;
    if (totp) delete user.totp;
    user.passkeys = user.passkeys.filter(({ id }) => id !== passkey);
    return true;
  }

  private async confirmTotp(user: StoredUser | undefined, { name, step, ...act }: TotpUse): Promise<boolean> {
    const { offered } = user ?? {};
    if (!user || user.disabled || !offered || offered.until <= Date.now()) return false;
    delete user.offered;
    user.totp = { secret: offered.secret, step };
    await recordAct(this.state, act, `access user ${name} adds an authenticator app`);
    return true;
  }

  /** @throws ApplicationFailure if the user has too many passkeys, or somebody has this one */
  private requireNewPasskey(name: string, id: string): void {
    const { passkeys = [] } = userOf(this.state, name) ?? {};
    if (passkeys.length >= userLimits.passkeys)
      throw refusal(`a user has at most ${userLimits.passkeys} passkeys; remove one first`);
    if (this.ownerOf(id)) throw refusal('this passkey is in use already');
  }

  private replace(name: string, user: StoredUser): void {
    requireRoom(this.state, { [name]: user });
    this.state.users[name] = user;
  }
}

function passkeyOf({ passkeys }: StoredUser, id: string): StoredPasskey | undefined {
  return passkeys.find((each) => each.id === id);
}

function recent(challenges: Record<string, number> = {}): Record<string, number> {
  return Object.fromEntries(Object.entries(challenges).filter(([, at]) => Date.now() - at < challengeMs));
}
