import { runtimeTraits } from '../../model/runtimes';
import { runtimeOf } from '../../model/stack/runtime-of';
import type { Placement, Service, Stack, StackHost } from '../../model/stack';
import type { Refusal } from '../plan';
import { groupsOf, type Group } from './groups';
import { reserved, HostCapacity } from './host-capacity';
import type { HostObservation, Placed } from './view';

/**
 * Chooses the host of each service. Bound services share a host; running services keep theirs as long as zone and
 * capacity allow; all others go to the host with the most free capacity. Data never moves: a service stays with its
 * volumes, or is refused.
 */
export function place(stack: Stack, views: readonly HostObservation[]): Placed {
  const hosts = (stack.hosts ?? []).map(
    (host) =>
      new HostCapacity(
        host,
        views.find(({ name }) => name === host.name),
      ),
  );
  const groups = groupsOf(stack).map((group) => candidateOf(group, hosts, stack));
  const refusals = groups.flatMap(({ refusals: found }) => found);
  const placement: Placement = {};
  const settled = (each: Candidate) => (each.keeps ? 0 : 1);
  for (const each of [...groups].sort((a, b) => settled(a) - settled(b) || weight(b.group) - weight(a.group))) {
    const room = choose(each);
    room.take(each.group);
    for (const { name } of each.group.services) placement[name] = room.host.name;
  }
  return { placement, refusals };
}

/** A group with the hosts it may run on. */
interface Candidate {
  group: Group;
  allowed: HostCapacity[];
  /** The host with its data, else the host where it runs. */
  keeps?: HostCapacity;
  holdsData: boolean;
  refusals: Refusal[];
}

function candidateOf(group: Group, hosts: readonly HostCapacity[], stack: Stack): Candidate {
  const wishing = group.services.filter(({ host, zone }) => host !== undefined || zone !== undefined);
  const isAllowed = ({ host }: HostCapacity) =>
    group.services.every((service) => runtimeOf(service, stack) === runtimeOf(host, stack)) &&
    wishing.every((service) => acceptsHost(service, host));
  const allowed = hosts.filter(isAllowed);
  const holding = hosts.filter((room) => room.holdsDataOf(group, stack));
  const data =
    mostOf(
      group,
      holding.filter((room) => allowed.includes(room)),
    ) ??
    holding.find((room) => allowed.includes(room)) ??
    holding[0];
  const keeps = data ?? mostOf(group, hosts);
  if (allowed.length === 0)
    return {
      group,
      allowed: [...hosts],
      keeps,
      holdsData: false,
      refusals: [conflictingPlacement(group, wishing, stack)],
    };
  const moves = data !== undefined && !allowed.includes(data);
  return {
    group,
    allowed,
    ...(keeps && allowed.includes(keeps) && { keeps }),
    holdsData: data !== undefined && !moves,
    refusals: moves ? [leavesData(group, data, allowed)] : [],
  };
}

function choose({ keeps, allowed, holdsData, group }: Candidate): HostCapacity {
  if (keeps && (holdsData || keeps.has(group))) return keeps;
  return allowed.reduce((best, next) => (next.isBetterFor(group, best) ? next : best), allowed[0]!);
}

/** The host that runs most instances of a group. */
function mostOf(group: Group, hosts: readonly HostCapacity[]): HostCapacity | undefined {
  const [most] = [...hosts].sort((a, b) => b.runs(group) - a.runs(group));
  return most && most.runs(group) > 0 ? most : undefined;
}

function acceptsHost({ host, zone }: Service, to: StackHost): boolean {
  return host === undefined ? zone === undefined || zone === to.zone : host === to.name;
}

function conflictingPlacement({ services, reasons }: Group, wishing: Service[], stack: Stack): Refusal {
  const wishes = [
    ...wishing.map(({ name, host, zone }) => `${name} wants ${host === undefined ? `zone ${zone}` : `host ${host}`}`),
    ...services
      .filter((service) => !wishing.includes(service))
      .filter((service) => wishing.some((each) => runtimeOf(each, stack) !== runtimeOf(service, stack)))
      .map((service) => `${service.name} runs on ${runtimeTraits[runtimeOf(service, stack)].host}`),
  ];
  const last = wishing.at(-1) ?? services.at(-1)!;
  return {
    path: `services.${last.name}.${last.host === undefined ? 'zone' : 'host'}`,
    message:
      `${wishes.join(', ')}, but they must share a host: ${reasons.join('; ')}. Give them the same host or ` +
      'zone, or publish the port that connects them (ports: ["5432:5432"])',
  };
}

function leavesData({ services }: Group, from: HostCapacity, allowed: HostCapacity[]): Refusal {
  const owner = services.find(({ mounts }) => mounts.some(({ type }) => type === 'volume')) ?? services[0]!;
  return {
    path: `services.${owner.name}`,
    message:
      `its data is on ${from.host.name}, and it would start EMPTY on ` +
      `${allowed.map(({ host }) => host.name).join(' or ')}: volumes do not move between ` +
      `hosts. Keep it on ${from.host.name}, or pass --force to start it empty`,
    forceable: true,
  };
}

/** For placement of large groups first: small ones fit into the remaining capacity. */
function weight({ services }: Group): number {
  return reserved(services, 'memory') / 1024 ** 3 + reserved(services, 'cpus');
}
