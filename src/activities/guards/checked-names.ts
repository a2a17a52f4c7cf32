import type { Stack } from '../../model/stack';
import { largestPort } from '../../model/names/host-port';
import {
  networkOfMode,
  type InstanceByReference,
  type InstanceRef,
  type NetworkAttachment,
} from '../../model/instance';
import {
  requireDeploymentId,
  requireHostId,
  requireName,
  requireNetwork,
  requireNumber,
  requireObject,
  requirePlace,
  requireWhole,
} from '../../model/names';
import { longestMs } from '../../model/stack/limits';
import { isAutomatic } from '../../model/traffic';
import { withHeartbeat } from '../heartbeat';
import type { Activities, StepContext } from '../contract';
import { sharedRoutes } from './checked-routes';

/** Throws a NameProblem if an argument of the activity has a name that violates its grammar. */
type Checks = { [A in keyof Activities]: (...input: Parameters<Activities[A]>) => unknown };

/**
 * Wraps activities so that invalid names are rejected before any effect. Clients and workflows check names too, but
 * anybody with write access to Temporal can schedule an activity with any input.
 */
export function withCheckedNames(activities: Activities): Activities {
  const checked = Object.entries(activities).map(([name, run]: [string, (...input: never[]) => Promise<unknown>]) => {
    const check = checks[name as keyof Activities] as (...input: unknown[]) => unknown;
    return [name, (...input: never[]) => (problemOf(() => check(...input)) ?? { run: run(...input) }).run];
  });
  return Object.fromEntries(checked) as Activities;
}

/** A run that fails with the problem of its input; undefined if the input is valid. */
function problemOf(check: () => unknown): { run: Promise<never> } | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return { run: withHeartbeat(() => Promise.reject(error as Error)) };
  }
}

const context = ({ stack, environment, namespace }: Pick<StepContext, 'stack' | 'environment' | 'namespace'>) => {
  requirePlace({ stack, environment });
  if (namespace !== undefined) requireName('namespace', namespace);
};
const ofMode = ({ networkMode }: { networkMode?: string }) => {
  const network = networkOfMode(networkMode);
  if (network !== undefined) requireNetwork(network);
};
const stackOf = ({ name, environment, services, networks, hosts = [], infrastructure: { cluster } }: Stack) => {
  context({ stack: name, environment, namespace: cluster?.namespace });
  for (const [key, network] of Object.entries(networks)) {
    if (network.external || network.name !== undefined) requireNetwork(network.name ?? key);
  }
  for (const [key, service] of Object.entries(services)) {
    requireName('service', key);
    requireName('service', service.name);
    ofMode(service);
  }
  for (const host of hosts) requireName('host', host.name);
};
const instance = ({ name, service }: Pick<InstanceRef, 'name' | 'service'>) => {
  requireObject('instance', name);
  requireName('service', service);
};
const ofInstance = (where: StepContext, ref: Pick<InstanceRef, 'name' | 'service'>) => {
  context(where);
  instance(ref);
};
const joining = (networks: readonly NetworkAttachment[] = []) => networks.forEach(({ name }) => requireNetwork(name));
/** For a new instance: also the networks that it joins. */
const ofNewInstance = (where: StepContext, made: InstanceByReference) => {
  ofInstance(where, made);
  joining(made.networks);
  joining(made.names);
  ofMode(made);
};
const ofInstances = (where: StepContext, refs: InstanceRef[]) => {
  context(where);
  refs.forEach(instance);
};

/** Weights are percentages. */
const wholeShare = 100;

const checks: Checks = {
  joinEnvironment: ({ workflowId, hosts = [], ...where }) => {
    context(where);
    requireDeploymentId(workflowId);
    hosts.forEach((name) => requireName('host', name));
  },
  sealRelease: (place, digest) => {
    requirePlace(place);
    requireName('digest', digest);
  },
  admitRequest: ({ digest }) => requireName('digest', digest),
  claimSlot: ({ workflowId }) => requireDeploymentId(workflowId),
  claimHost: ({ name }, { workflowId }) => {
    if (name !== undefined) requireName('host', name);
    requireDeploymentId(workflowId);
  },
  reportHost: ({ name }, { workflowId }) => {
    if (name !== undefined) requireName('host', name);
    requireDeploymentId(workflowId);
  },
  readHostBreakers: (ids) => ids.forEach(requireHostId),
  claimRoutes: (_, claim) => {
    requireDeploymentId(claim.workflowId);
    sharedRoutes(claim);
  },
  settleRoutes: (_, { stack, environment, workflowId, routes = [] }) => {
    requireDeploymentId(workflowId);
    sharedRoutes({ stack, environment, routes });
  },
  applySharedBalancer: (_, all, former) => {
    all.forEach(sharedRoutes);
    for (const port of former) requireWhole('a port', port, 1, largestPort);
  },
  watchSharedBalancer: (_, all) => all.forEach(sharedRoutes),
  wishCertificate: (place, wished) => {
    requirePlace(place);
    for (const host of wished?.hosts ?? []) requireName('hostname', host);
  },
  makeCertificateKeys: (place, account) => {
    requirePlace(place);
    if (account) requireName('ciphertext', account);
  },
  orderCertificate: ({ place, wish: { hosts }, keys }) => {
    requirePlace(place);
    for (const host of hosts) requireName('hostname', host);
    for (const key of [keys.account, keys.key]) requireName('ciphertext', key);
  },
  serveCertificate: (place, { version, certificate, key }) => {
    requirePlace(place);
    requireName('version', version);
    for (const each of [certificate, key]) requireName('ciphertext', each);
  },
  recallEnvironment: context,
  requestDeployment: ({ place, requestId, what }) => {
    requirePlace(place);
    requireName('request', requestId);
    if (what.kind === 'restart') what.services.forEach((name) => requireName('service', name));
    if (what.kind === 'run') requireName('service', what.job);
  },
  awaitDeployment: requireDeploymentId,
  cancelDeployment: requireDeploymentId,
  syncSchedules: (where, wanted, before) => {
    context(where);
    for (const name of [...wanted.map((spec) => spec.name), ...before]) requireName('schedule', name);
  },
  findOpenWindow: () => undefined,
  readRelease: (place, release) => {
    requirePlace(place);
    requireNumber('release', release);
  },
  isRunning: requireDeploymentId,
  endIfStuck: requireDeploymentId,
  observe: stackOf,
  pullImage: context,
  createNetwork: (where, { name }) => {
    context(where);
    requireNetwork(name);
  },
  removeNetwork: (where, name) => {
    context(where);
    requireNetwork(name);
  },
  createVolume: (where, { name }) => {
    context(where);
    requireObject('volume', name);
  },
  removeVolume: (where, name) => {
    context(where);
    requireObject('volume', name);
  },
  startInstance: ofNewInstance,
  awaitHealthy: ofInstance,
  restoreInstance: ofInstance,
  selectInstance: ofInstance,
  createJob: ofNewInstance,
  runJob: ofInstance,
  execInInstance: ofInstance,
  retireInstance: ofInstance,
  retireInstances: (where, retirements) =>
    ofInstances(
      where,
      retirements.map((each) => each.instance),
    ),
  reviveInstance: ofInstance,
  reviveInstances: ofInstances,
  removeInstance: ofInstance,
  removeInstances: ofInstances,
  attachInstance: (where, ref, networks) => {
    ofInstance(where, ref);
    joining(networks);
  },
  routeTraffic: (where, balancer, tables) => {
    ofInstance(where, balancer);
    for (const { route, targets } of tables) {
      requireName('route', route);
      for (const { address } of targets) requireName('address', address);
      const weights = targets.map(({ weight }) => requireWhole('the weight of a target', weight, 0, wholeShare));
      requireWhole(
        'the sum of all weights',
        weights.reduce((sum, weight) => sum + weight, 0),
        0,
        wholeShare,
      );
    }
  },
  configureBalancer: (where, balancer, front) => {
    ofInstance(where, balancer);
    for (const { key, host, path, port, listen, timeoutMs, tls } of front.routes) {
      requireName('route', key);
      requireName('path', path);
      if (host !== undefined) requireName('hostname', host);
      for (const each of [port, listen]) requireWhole('a port', each, 1, largestPort);
      requireWhole('the timeout of a route', timeoutMs, 0, longestMs);
      if (tls && !isAutomatic(tls)) for (const each of [tls.certificate, tls.key]) requireName('secret', each);
    }
    for (const { from, to } of front.redirects)
      for (const each of [from, to]) requireWhole('a port', each, 1, largestPort);
    for (const { file } of front.certificates) requireName('secret', file);
    for (const range of front.trustedProxies ?? []) requireName('range', range);
    const { port: sharedPort = 1, tlsPort = 1 } = front.shared ?? {};
    for (const each of [sharedPort, tlsPort, front.automatic?.port ?? 1]) requireWhole('a port', each, 1, largestPort);
    for (const host of front.automatic?.hosts ?? []) requireName('hostname', host);
  },
  drainInstance: (where, { balancer, addresses }) => {
    ofInstance(where, balancer);
    for (const address of addresses) requireName('address', address);
  },
  runTest: ofNewInstance,
  analyse: context,
  passGate: (where, { healthy, reached }) => {
    ofInstances(where, [...healthy, ...(reached ? [reached.balancer] : [])]);
    for (const address of reached?.addresses ?? []) requireName('address', address);
  },
  watchInstances: ofInstances,
  confirm: (where, expected, reached) => {
    ofInstances(where, [...expected, ...(reached ? [reached.balancer] : [])]);
    for (const { address } of reached?.targets ?? []) requireName('address', address);
  },
  holdImages: (where, releases) => {
    context(where);
    releases.forEach((release) => requireNumber('release', release));
  },
  pruneReleases: (where, drop, keep) => {
    context(where);
    [...drop, ...keep].forEach((release) => requireNumber('release', release));
  },
  recordAudit: (place) => requirePlace(place),
  readAudit: (place) => requirePlace(place),
  sealingKey: () => undefined,
  readHook: (place, release, trigger) => {
    requirePlace(place);
    requireNumber('release', release);
    requireName('trigger', trigger);
  },
  resealSecrets: (sealed) => {
    for (const [name, value] of Object.entries(sealed)) {
      requireName('stored', name);
      requireName('ciphertext', value);
    }
  },
  passResealed: (place, secrets) => {
    requirePlace(place);
    for (const [name, { before, after }] of Object.entries(secrets)) {
      requireName('stored', name);
      for (const each of [before, after]) requireName('ciphertext', each);
    }
  },
  resealLogins: (sealed) => {
    for (const [registry, value] of Object.entries(sealed)) {
      requireName('registry', registry);
      requireName('ciphertext', value);
    }
  },
  deliver: (_, { stack, environment }) => requirePlace({ stack, environment }),
  watchRelease: ({ place, release, host }) => {
    requirePlace(place);
    requireNumber('release', release);
    if (host !== undefined) requireName('host', host);
  },
  restartInstance: ({ place, instance, release, host }) => {
    requirePlace(place);
    requireObject('instance', instance);
    if (release !== undefined) requireNumber('release', release);
    if (host !== undefined) requireName('host', host);
  },
  describeInstances: stackOf,
  readLogs: (where, names) => {
    context(where);
    names.forEach((name) => requireObject('instance', name));
  },
  runCommand: (where, name) => {
    context(where);
    requireObject('instance', name);
  },
  converse: (where, name) => {
    context(where);
    requireObject('instance', name);
  },
};
