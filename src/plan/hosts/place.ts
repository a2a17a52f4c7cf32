import { runtimeTraits } from '../../model/runtimes';
import { runtimeOf } from '../../model/stack/runtime-of';
import type { Placement, Service, Stack, StackHost } from '../../model/stack';
import type { Refusal } from '../plan';
import { groupsOf, type Group } from './groups';
import { reserved, HostCapacity } from './host-capacity';
import type { HostObservation, Placed } from './view';

/**
 * The host of each service. What belongs together stays together, and what runs stays where it runs as long as zone and
 * room allow; the rest goes where most is left. Data never moves: a service stays with its volumes, or is refused.
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

/** A group with the hosts that it may run on. */
interface Candidate {
  group: Group;
  allowed: HostCapacity[];
  /** Where its data is, or else where it runs. */
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

/** The host that most of a group's instances run on. */
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
      `${wishes.join(', ')}, and they must share a host: ${reasons.join('; ')}. Give them one host or ` +
      'zone, or publish the port by which one reaches the other (ports: ["5432:5432"])',
  };
}

function leavesData({ services }: Group, from: HostCapacity, allowed: HostCapacity[]): Refusal {
  const owner = services.find(({ mounts }) => mounts.some(({ type }) => type === 'volume'))!;
  return {
    path: `services.${owner.name}`,
    message:
      `its data is on ${from.host.name}, and it would start EMPTY on ` +
      `${allowed.map(({ host }) => host.name).join(' or ')}: volumes do not move between ` +
      `hosts. Leave it on ${from.host.name}, or pass --force if that is meant`,
    forceable: true,
  };
}

/** The large ones first: small ones fit into what is left. */
function weight({ services }: Group): number {
  return reserved(services, 'memory') / 1024 ** 3 + reserved(services, 'cpus');
}
