import { LocalUsers } from '../../src/client/access/users';
import { Factors } from '../../src/workflows/users/factors';
import { LogIns } from '../../src/workflows/users/log-ins';
import { People } from '../../src/workflows/users/people';
import type { UsersState } from '../../src/workflows/messages';
import { fits, tidied, type Shape } from '../../src/workflows/messages/shape';
import { shapes } from '../../src/workflows/messages/shapes';

/** The code of the workflow that keeps local users, in this process. */
export class UsersWorld {
  readonly state: UsersState = { users: {}, strangers: {}, secondFactor: false, key: 'k'.repeat(43) };
  readonly users: LocalUsers;
  /** Subjects whose sessions and tokens were ended. */
  readonly ended: string[] = [];

  constructor() {
    const [people, logIns, factors] = [new People(this.state), new LogIns(this.state), new Factors(this.state)];
    const updates: Record<string, [Shape, (message: never) => unknown]> = {
      addUser: [shapes.userAddition, (each) => people.add(each)],
      inviteUser: [shapes.userInvitation, (each) => people.invite(each)],
      changeUser: [shapes.userChange, (each) => people.change(each)],
      redeem: [shapes.redemption, (each) => people.redeem(each)],
      password: [shapes.passwordChange, (each) => people.setPassword(each)],
      requireSecondFactor: [shapes.secondFactorRule, (each) => people.requireSecondFactor(each)],
      attempt: [shapes.logIn, (each) => logIns.attempt(each)],
      loggedIn: [shapes.logIn, (each) => logIns.succeed(each)],
      renewPassword: [shapes.passwordRenewal, (each) => people.renewPassword(each)],
      threat: [shapes.threat, (each) => logIns.report(each)],
      offerTotp: [shapes.totpOffer, (each) => factors.offerTotp(each)],
      useTotp: [shapes.totpUse, (each) => factors.useTotp(each)],
      useRecovery: [shapes.recoveryUse, (each) => factors.useRecovery(each)],
      recoveryCodes: [shapes.recoveryCodes, (each) => factors.setRecovery(each)],
      addPasskey: [shapes.passkeyAddition, (each) => factors.addPasskey(each)],
      usePasskey: [shapes.passkeyUse, (each) => factors.usePasskey(each)],
      removeFactor: [shapes.factorRemoval, (each) => factors.remove(each)],
    };
    const queries: Record<string, (of: string) => unknown> = {
      users: () => people.list(),
      user: (name) => people.named(name),
      invited: (digest) => people.invited(digest),
      passkey: (id) => factors.ownerOf(id),
      loginKey: () => this.state.key,
    };
    const change = async ({ name }: { name: string }, message: unknown) => {
      const [shape, handle] = updates[name]!;
      if (!fits(message, shape)) throw new Error(`malformed message ${name}: ${JSON.stringify(message)}`);
      return copy(await handle(tidied(message, shape) as never));
    };
    const read = async ({ name }: { name: string }, of: string) => copy(queries[name]!(of));
    this.users = new LocalUsers({ store: change, change, read } as never, {
      endAll: async (subject) => void this.ended.push(subject),
      withdrawAll: async () => undefined,
    });
  }
}

/** A message goes through JSON. */
function copy<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
