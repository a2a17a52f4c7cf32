import {
  allHandlersFinished,
  ApplicationFailure,
  continueAsNew,
  currentUpdateInfo,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { failureTypes } from '../activities/contract';
import { toProblem } from './deployment/steps/failure';
import { activity } from './support/activity-options';
import { admit } from './support/admit';
import { accepts } from './support/listen';
import {
  fitWithin,
  installation,
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
import { waitUntil } from './support/serialised-events';

/** The workflow ends after this time without a login; the next login starts a new one. */
const idleMs = 600_000;

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
  for (;;) {
    const isWanted = () => !allHandlersFinished() || !logins.isEmpty;
    if (!(await waitUntil(isWanted, idleMs, 'end without a login'))) return;
    await waitUntil(() => allHandlersFinished() && (logins.isEmpty || workflowInfo().continueAsNewSuggested));
    if (!logins.isEmpty) return continueAsNew<typeof registries>(logins.state);
  }
}

class RegistryLogins {
  constructor(readonly state: RegistriesState) {}

  get isEmpty(): boolean {
    return Object.keys(this.state.logins).length === 0;
  }

  sealedFor(registry: string): string | undefined {
    return Object.hasOwn(this.state.logins, registry) ? this.state.logins[registry]!.sealed : undefined;
  }

  async store({ registry, ...login }: RegistryLoginRequest): Promise<undefined> {
    const next = () => ({ ...this.state.logins, [registry]: { ...login, at: Date.now() } });
    requireRoom(next());
    await this.record(login, `registry login ${registry} as ${login.user}`);
    requireRoom(next());
    this.state.logins = next();
  }

  async remove({ registry, ...act }: RegistryLogoutRequest): Promise<boolean> {
    if (this.sealedFor(registry) === undefined) return false;
    await this.record(act, `registry logout ${registry}`);
    const { [registry]: removed, ...others } = this.state.logins;
    this.state.logins = others;
    return removed !== undefined;
  }

  /** A login that was stored since stays. */
  async reseal(act: Act): Promise<string[]> {
    await this.record(act, 'registry reseal');
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

  /** Records an act before it is performed. A repeated request has the same record. */
  private async record({ by = 'unknown', from }: Act, what: string): Promise<void> {
    const id = currentUpdateInfo()?.id ?? uuid4();
    const entry = { id, at: Date.now(), by, what, result: 'asked for', ...(from !== undefined && { from }) };
    const head = await activity(
      'recordAudit',
      taskQueue,
      `record: ${what} by ${by}`,
    )(installation, entry).catch(refuse);
    const { audit } = this.state;
    if (head.place !== audit?.place || head.sequence > (audit?.sequence ?? 0)) this.state.audit = head;
  }
}

/** @throws ApplicationFailure if there would be more logins than fit */
function requireRoom(logins: RegistriesState['logins']): void {
  if (fitWithin(logins, loginLimits)) return;
  throw ApplicationFailure.nonRetryable(
    `the installation would keep more than ${loginLimits.count} logins, or too large ones; nothing was stored`,
    failureTypes.software,
  );
}

/** Fails an update with the problem of an activity. */
function refuse(error: unknown): never {
  throw ApplicationFailure.nonRetryable(`${toProblem(error).message}; nothing was changed`, failureTypes.software);
}
