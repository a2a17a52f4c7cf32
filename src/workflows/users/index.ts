import type { UpdateDefinition } from '@temporalio/common';
import { setHandler } from '@temporalio/workflow';
import { handedOn, keep } from '../support/installation';
import { accepts } from '../support/listen';
import {
  addPasskeyUpdate,
  addUserUpdate,
  attemptUpdate,
  changeUserUpdate,
  inviteUserUpdate,
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
  secondFactorUpdate,
  threatUpdate,
  usePasskeyUpdate,
  useRecoveryUpdate,
  userQuery,
  usersQuery,
  useTotpUpdate,
  type UsersState,
} from '../messages';
import { tidied, type Shape } from '../messages/shape';
import { inputs, shapes } from '../messages/shapes';
import { Factors } from './factors';
import { LogIns } from './log-ins';
import { People } from './people';

/** Keeps the local users of an installation: digests of passwords, second factors, invitations, failed log-ins. */
export async function users(before?: UsersState): Promise<void> {
  const state = handedOn(before, { users: {}, strangers: {}, secondFactor: false }, inputs.usersState);
  const people = new People(state);
  const logIns = new LogIns(state);
  const factors = new Factors(state);

  setHandler(usersQuery, () => people.list());
  setHandler(userQuery, (name) => people.named(name));
  setHandler(invitedQuery, (digest) => people.invited(digest));
  setHandler(passkeyQuery, (id) => factors.ownerOf(id));
  setHandler(loginKeyQuery, () => state.key);

  handle(addUserUpdate, shapes.userAddition, (each) => people.add(each));
  handle(inviteUserUpdate, shapes.userInvitation, (each) => people.invite(each));
  handle(changeUserUpdate, shapes.userChange, (each) => people.change(each));
  handle(redeemUpdate, shapes.redemption, (each) => people.redeem(each));
  handle(passwordUpdate, shapes.passwordChange, (each) => people.setPassword(each));
  handle(renewPasswordUpdate, shapes.passwordRenewal, async (each) => people.renewPassword(each));
  handle(secondFactorUpdate, shapes.secondFactorRule, (each) => people.requireSecondFactor(each));

  handle(attemptUpdate, shapes.logIn, async (each) => logIns.attempt(each));
  handle(loggedInUpdate, shapes.logIn, async (each) => logIns.succeed(each));
  handle(threatUpdate, shapes.threat, (each) => logIns.report(each));
  handle(loginKeyUpdate, shapes.keyOffer, async ({ key }) => (state.key ??= key));

  handle(offerTotpUpdate, shapes.totpOffer, async (each) => factors.offerTotp(each));
  handle(useTotpUpdate, shapes.totpUse, (each) => factors.useTotp(each));
  handle(useRecoveryUpdate, shapes.recoveryUse, (each) => factors.useRecovery(each));
  handle(recoveryCodesUpdate, shapes.recoveryCodes, (each) => factors.setRecovery(each));
  handle(addPasskeyUpdate, shapes.passkeyAddition, (each) => factors.addPasskey(each));
  handle(usePasskeyUpdate, shapes.passkeyUse, async (each) => factors.usePasskey(each));
  handle(removeFactorUpdate, shapes.factorRemoval, (each) => factors.remove(each));

  return keep(state, ({ users: kept, secondFactor }) => Object.keys(kept).length === 0 && !secondFactor);
}

/** Performs an update whose message fits a shape. */
function handle<T, M>(update: UpdateDefinition<T, [M]>, shape: Shape, perform: (message: M) => Promise<T>): void {
  setHandler(update, (message) => perform(tidied(message, shape)), { validator: accepts(shape) });
}
