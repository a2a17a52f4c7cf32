import type { ContainerInfo, HostConfig } from 'dockerode';
import type { Mount, Protocol, RestartPolicy } from '../../model/instance';
import type {
  InstanceState,
  Observation,
  ObservedInstance,
  ObservedNetwork,
  PortInUse,
  Unreadable,
} from '../../model/observation';
import { countGpus, freeStorage, hostNetworks } from '../host';
import { listeningSockets, withoutPorts, type ListeningSocket } from '../host-sockets';
import { boundAddress } from '../../model/names/host-port';
import type { Questions, Scope } from '../runtime';
import { scopeName } from '../scope';
import type { DockerConnection } from './api/connection';
import { docker, dockerOr } from './api/errors';
import { findImages } from './images';
import type { LabelledInstance } from './labels/label-schema';
import { composeProjectOf, ownerOf, readLabels, readMountedAt, reserveOf } from './labels';
import { addressInside } from './networks/address';
import { aliasesOn } from './networks/network-names';
import { bareName, isOwn, ownerOfContainer } from './labels/ownership';

/** Docker's default, in µs. */
const defaultCpuPeriod = 100_000;

/** Observes a host in a few calls, however many instances there are; with `closely`, also inspects each instance. */
export async function observe(
  connection: DockerConnection,
  scope: Scope,
  questions: Questions,
): Promise<Omit<Observation, 'secrets'>> {
  const { docker: engine, local } = connection;
  const [containers, networks, volumes, info, listening, ofHost] = await docker(() =>
    Promise.all([
      engine.listContainers({ all: true }),
      engine.listNetworks(),
      engine.listVolumes(),
      engine.info() as Promise<{ NCPU: number; MemTotal: number; ID: string; Name: string; DockerRootDir: string }>,
      local ? listeningSockets() : [],
      local ? hostNetworks() : [],
    ]),
  );
  const mine = containers.filter(({ Labels, Names }) => isOwn(scope, Labels, Names[0] ?? ''));
  const others = containers.filter((container) => !mine.includes(container));
  const { readable, unreadable } = sortOut(mine);
  return {
    instances: await Promise.all(readable.map((each) => toInstance(connection, each, questions))),
    ...(unreadable.length > 0 && { unreadable }),
    networks: [
      ...networks.map((network) => ({ ...toNetwork(network, scope), ...aliasesOn(network.Name, others) })),
      ...withoutBridges(ofHost, networks),
    ],
    volumes: (volumes.Volumes ?? []).map(({ Name, Labels }) => ({
      name: Name,
      owner: ownerOf(Labels),
      compose: composeProjectOf(Labels),
      mountedAt: readMountedAt(Labels),
      writers: writersOf(Name, others),
    })),
    images: await findImages(connection, questions.images),
    portsInUse: portsInUse(mine, others, listening, questions),
    capacity: {
      host: `docker://${info.Name}`,
      runtime: 'docker',
      engine: info.ID,
      local,
      total: {
        cpus: info.NCPU,
        memory: info.MemTotal,
        gpus: local ? await countGpus() : 0,
        storage: local ? await freeStorage(info.DockerRootDir) : 0,
      },
      reservedByOthers: reservations(others),
    },
  };
}

interface Readable {
  info: ContainerInfo;
  labelled: LabelledInstance;
}

/** Separates containers with invalid labels, so that they do not affect the others. */
function sortOut(containers: ContainerInfo[]): { readable: Readable[]; unreadable: Unreadable[] } {
  const readable: Readable[] = [];
  const unreadable: Unreadable[] = [];
  for (const info of containers) {
    try {
      readable.push({ info, labelled: readLabels(info.Labels) });
    } catch (error) {
      unreadable.push({ name: bareName(info.Names[0]!), why: (error as Error).message });
    }
  }
  return { readable, unreadable };
}

async function toInstance(
  { docker: engine, local }: DockerConnection,
  { info, labelled }: Readable,
  { closely, addresses = false }: Questions,
): Promise<ObservedInstance> {
  const found =
    info.State === 'running' && !closely
      ? undefined
      : await dockerOr([404], undefined, () => engine.getContainer(info.Id).inspect());
  const stopped = info.State === 'running' ? undefined : found;
  const policy = found?.HostConfig.RestartPolicy;
  return {
    ...labelled,
    id: info.Id,
    name: bareName(info.Names[0]!),
    image: info.Image,
    imageId: info.ImageID,
    state: toState(info.State),
    policy: policy ? toPolicy(policy.Name || 'no', policy.MaximumRetryCount) : labelled.restart,
    ...(closely && found && { limitsInForce: toLimits(found.HostConfig) }),
    exitCode: stopped?.State.ExitCode,
    outOfMemory: stopped?.State.OOMKilled,
    runtimeHealth: toHealth(info.Status),
    mounts: info.Mounts.map(toMount),
    networks: Object.keys(info.NetworkSettings.Networks),
    ...(addresses && local && info.State === 'running' && addressInside(info.NetworkSettings)),
  };
}

/**
 * True for a container whose removal was interrupted. It can neither be started nor changed, but still holds its name.
 */
export function isDying(state: string): boolean {
  return state === 'dead' || state === 'removing';
}

export function toState(state: string): InstanceState {
  return isDying(state) ? 'missing' : (state as InstanceState);
}

function toPolicy(name: string, retries: number | undefined): RestartPolicy {
  return (name === 'on-failure' && retries ? `on-failure:${retries}` : name) as RestartPolicy;
}

function toLimits({
  NanoCpus = 0,
  CpuQuota = 0,
  CpuPeriod = 0,
  Memory = 0,
}: HostConfig): ObservedInstance['limitsInForce'] {
  const share = CpuQuota > 0 ? CpuQuota / (CpuPeriod || defaultCpuPeriod) : 0;
  return { cpus: NanoCpus > 0 ? NanoCpus / 1e9 : share, memory: Memory };
}

function toHealth(status: string): ObservedInstance['runtimeHealth'] {
  const match = /\((healthy|unhealthy|health: starting)\)/.exec(status);
  return match ? (match[1]!.replace('health: ', '') as ObservedInstance['runtimeHealth']) : undefined;
}

function toMount({ Type, Name, Source, Destination, RW }: ContainerInfo['Mounts'][number]): Mount {
  return Type === 'volume'
    ? { type: 'volume', volume: Name ?? '', target: Destination, readOnly: !RW }
    : { type: 'bind', source: Source, target: Destination, readOnly: !RW };
}

interface ListedNetwork {
  Name: string;
  Internal?: boolean;
  Labels?: Record<string, string>;
  IPAM?: { Config?: { Subnet?: string }[] };
}

function toNetwork(network: ListedNetwork, scope: Scope): ObservedNetwork {
  const owner = ownerOf(network.Labels);
  return {
    name: network.Name,
    cidr: network.IPAM?.Config?.find(({ Subnet }) => Subnet && !Subnet.includes(':'))?.Subnet,
    internal: network.Internal ?? false,
    ours: owner === scopeName(scope),
    owner: owner ? `stack ${owner}` : `the Docker network "${network.Name}"`,
  };
}

function writersOf(volume: string, others: ContainerInfo[]): string[] {
  return others
    .filter(
      ({ State, Mounts }) =>
        State === 'running' && Mounts.some(({ Type, Name, RW }) => Type === 'volume' && Name === volume && RW),
    )
    .map(({ Names }) => Names[0]!.slice(1));
}

function portsInUse(
  mine: ContainerInfo[],
  others: ContainerInfo[],
  listening: ListeningSocket[],
  { ports }: Questions,
): PortInUse[] {
  const ofMine = mine.flatMap((container) => published(container));
  const ofOthers = others.flatMap((container) => published(container));
  const ofHost = withoutPorts(
    listening,
    [...ofMine, ...ofOthers].filter(({ protocol }) => protocol === 'tcp'),
  );
  const all: PortInUse[] = [
    ...ofOthers.map(({ port, address, protocol, name }) => ({
      port,
      protocol,
      by: `the container ${name}`,
      ...at(address),
    })),
    ...ofHost.map(({ port, address }) => ({
      port,
      protocol: 'tcp' as const,
      by: 'a process of the host',
      ...at(address),
    })),
  ];
  return all.filter(({ port }) => ports.length === 0 || ports.some((range) => port >= range.from && port <= range.to));
}

function published({ Ports, Names }: ContainerInfo): (ListeningSocket & { protocol: Protocol; name: string })[] {
  return Ports.filter(({ PublicPort }) => PublicPort).map(({ PublicPort, Type, IP }) => ({
    port: PublicPort,
    address: boundAddress(IP),
    protocol: Type as Protocol,
    name: bareName(Names[0] ?? ''),
  }));
}

function at(address: string | undefined): { hostIp?: string } {
  return address === undefined ? {} : { hostIp: address };
}

/** Leaves out bridges of Docker networks, which may have custom names: they are listed as networks. */
function withoutBridges(ofHost: ObservedNetwork[], networks: ListedNetwork[]): ObservedNetwork[] {
  const known = new Set(networks.flatMap(({ IPAM }) => IPAM?.Config?.map(({ Subnet }) => Subnet) ?? []));
  return ofHost.filter(({ cidr }) => !known.has(cidr));
}

function reservations(others: ContainerInfo[]): { cpus: number; memory: number; gpus: number } {
  const sums = { cpus: 0, memory: 0, gpus: 0 };
  for (const { Labels, Names, State } of others) {
    if (State !== 'running' || !ownerOfContainer(Labels, Names[0] ?? '')) continue;
    const reserve = reserveOf(Labels);
    for (const amount of ['cpus', 'memory', 'gpus'] as const) sums[amount] += reserve[amount] ?? 0;
  }
  return sums;
}
