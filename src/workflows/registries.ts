import { setHandler } from '@temporalio/workflow';
import { activity } from './support/activity-options';
import { admit } from './support/admit';
import { keep, recordAct, refusal, refuse } from './support/installation';
import { accepts } from './support/listen';
import {
  fitWithin,
  loginLimits,
  loginUpdate,
  logoutUpdate,
  registriesQuery,
  resealLoginsUpdate,
  sealedLoginQuery,
  taskQueue,
  type Act,
  type RegistriesState,
  type RegistryLoginRequest,
  type RegistryLogoutRequest,
} from './messages';
import { tidied } from './messages/shape';
import { inputs, shapes } from './messages/shapes';

/** Keeps the logins of the installation at image registries, as ciphertext, for the pulls of all its workers. */
export async function registries(before: RegistriesState = { logins: {} }): Promise<void> {
  const logins = new RegistryLogins(admit(before, inputs.registriesState, 'registries'));
  setHandler(registriesQuery, () => logins.state);
  setHandler(sealedLoginQuery, (registry) => logins.sealedFor(registry));
  setHandler(loginUpdate, (login) => logins.store(tidied(login, shapes.registryLogin)), {
    validator: accepts(shapes.registryLogin),
  });
  setHandler(logoutUpdate, (logout) => logins.remove(tidied(logout, shapes.registryLogout)), {
    validator: accepts(shapes.registryLogout),
  });
  setHandler(resealLoginsUpdate, (by) => logins.reseal(tidied(by, shapes.act)), { validator: accepts(shapes.act) });
  return keep(logins.state, ({ logins: kept }) => Object.keys(kept).length === 0);
}

class RegistryLogins {
  constructor(readonly state: RegistriesState) {}

  sealedFor(registry: string): string | undefined {
    return Object.hasOwn(this.state.logins, registry) ? this.state.logins[registry]!.sealed : undefined;
  }

  async store({ registry, ...login }: RegistryLoginRequest): Promise<undefined> {
    const next = () => ({ ...this.state.logins, [registry]: { ...login, at: Date.now() } });
    requireRoom(next());
    await recordAct(this.state, login, `registry login ${registry} as ${login.user}`);
    requireRoom(next());
    this.state.logins = next();
  }

  async remove({ registry, ...act }: RegistryLogoutRequest): Promise<boolean> {
    if (this.sealedFor(registry) === undefined) return false;
    await recordAct(this.state, act, `registry logout ${registry}`);
    const { [registry]: removed, ...others } = this.state.logins;
    this.state.logins = others;
    return removed !== undefined;
  }

  /** A login that was stored since stays. */
  async reseal(act: Act): Promise<string[]> {
    await recordAct(this.state, act, 'registry reseal');
    const before = Object.fromEntries(
      Object.entries(this.state.logins).map(([registry, { sealed }]) => [registry, sealed]),
    );
    const seal = activity('resealLogins', taskQueue, 'seal logins with the current key');
    const after = await seal(before).catch(refuse);
    const changed = Object.keys(after).filter((registry) => this.sealedFor(registry) === before[registry]);
    const anew = changed.map((registry) => [registry, { ...this.state.logins[registry]!, sealed: after[registry]! }]);
    this.state.logins = { ...this.state.logins, ...Object.fromEntries(anew) };
    return changed;
  }
}

/** @throws ApplicationFailure if there would be more logins than fit */
function requireRoom(logins: RegistriesState['logins']): void {
  if (fitWithin(logins, loginLimits)) return;
  throw refusal(
    `the installation would keep more than ${loginLimits.count} logins, or too large ones; nothing was stored`,
  );
}
