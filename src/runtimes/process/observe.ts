import { cpus, hostname, totalmem } from 'node:os';
import type { ResourceAmounts } from '../../model/instance';
import type { Observation, ObservedInstance } from '../../model/observation';
import { countGpus, freeStorage } from '../host';
import { listeningSockets, withoutPorts } from '../host-sockets';
import type { Questions, Scope } from '../runtime';
import type { ProcessInstances } from './instances';

export async function observe(
  instances: ProcessInstances,
  dataDir: string,
  scope: Scope,
  { ports }: Questions,
): Promise<Omit<Observation, 'secrets'>> {
  const all = instances.names().flatMap((name) => toInstance(instances, name));
  const mine = all.filter((each) => each.stack === scope.stack && each.environment === scope.environment);
  const others = all.filter((each) => !mine.includes(each) && each.instance.state === 'running');
  const ofMine = mine.flatMap(({ instance }) => instance.ports.map(({ host }) => ({ port: host })));
  const ofOthers = others.flatMap(({ instance, stack }) =>
    instance.ports.map(({ host, protocol }) => ({ port: host, protocol, by: `${stack}/${instance.service}` })),
  );
  const listening = withoutPorts(await listeningSockets(), ofMine).filter(({ port }) =>
    ports.some((range) => port >= range.from && port <= range.to),
  );
  return {
    instances: mine.map(({ instance }) => instance),
    networks: [],
    volumes: [],
    images: [],
    portsInUse: [
      ...ofOthers,
      ...listening.map(({ port, address }) => ({
        port,
        protocol: 'tcp' as const,
        by: 'a process of the host',
        ...(address && { hostIp: address }),
      })),
    ],
    capacity: {
      host: `process://${hostname()}`,
      local: true,
      total: { cpus: cpus().length, memory: totalmem(), gpus: await countGpus(), storage: await freeStorage(dataDir) },
      reservedByOthers: sum(others.map(({ reserve }) => reserve)),
    },
  };
}

interface Found extends Scope {
  instance: ObservedInstance;
  reserve: ResourceAmounts;
}

function toInstance(instances: ProcessInstances, name: string): Found[] {
  const folder = instances.folder(name);
  const spec = folder.spec();
  const status = instances.status(name);
  if (!spec || !status) return [];
  const {
    service,
    ordinal,
    deployment,
    release,
    phase,
    kind,
    hash,
    keys,
    restart,
    stopGraceMs,
    ports,
    healthCheck,
    preStop,
  } = spec;
  const instance: ObservedInstance = {
    id: name,
    name,
    service,
    ordinal,
    deployment,
    release,
    phase,
    kind,
    hash,
    keys,
    restart,
    stopGraceMs,
    ports,
    healthCheck,
    preStop,
    image: (spec.command ?? []).join(' '),
    imageId: '',
    state: status.state,
    policy: folder.policy(),
    exitCode: status.exitCode,
    restarts: status.restarts,
    mounts: [],
    networks: [],
  };
  return [{ stack: spec.stack, environment: spec.environment, instance, reserve: spec.reserve }];
}

function sum(all: ResourceAmounts[]): ResourceAmounts {
  const total = { cpus: 0, memory: 0, gpus: 0 };
  for (const each of all) for (const amount of ['cpus', 'memory', 'gpus'] as const) total[amount] += each[amount] ?? 0;
  return total;
}
