import { runtimeTraits } from '../../model/runtimes';
import type { NetworkSpec } from '../../model/resources';
import { networkOfMode } from '../../model/instance';
import type { Stack, StackNetwork } from '../../model/stack';
import type { Observation, ObservedNetwork } from '../../model/observation';
import { networkName } from '../names';
import { sharedNetwork } from '../../model/traffic';
import { overlaps, toAddress, toRange, type AddressRange } from '../../model/ipv4';
import type { Refusal } from '../plan';

export interface NetworkPlan {
  create: NetworkSpec[];
  /** The engine's networks that the stack no longer uses. */
  obsolete: string[];
  refusals: Refusal[];
}

/** Plans the networks to create, with a CIDR each, and refuses conflicts with the host. */
export function planNetworks(stack: Stack, observation: Observation): NetworkPlan {
  const refusals: Refusal[] = [];
  const create: NetworkSpec[] = [];
  const wanted = usedNetworks(stack);
  const existing = new Map(observation.networks.map((network) => [network.name, network]));
  const taken = observation.networks.flatMap(({ cidr, name }) => (cidr ? [{ ...toRange(cidr), name }] : []));
  for (const { cidr } of Object.values(stack.networks)) if (cidr) taken.push({ ...toRange(cidr), name: '' });

  for (const key of wanted) {
    const settings: Partial<StackNetwork> = stack.networks[key] ?? {};
    const { name: _, external = false, cidr: own, internal = false, ...options } = settings;
    const cidr = own ?? options.ipam?.pools.find(({ subnet }) => !subnet.includes(':'))?.subnet;
    const name = networkName(stack, key);
    const path = `networks.${key}`;
    const found = existing.get(name);
    if (external) {
      if (found && joinsBalancers(found)) refusals.push({ path, message: noJoining });
      else if (found) refusals.push(...refuseSharedNames(stack, key, found));
      else
        refusals.push({
          path,
          message: `the external network "${name}" does not exist on the host; create it, or remove external`,
        });
    } else if (found) {
      refusals.push(...refuseExisting(found, { cidr, internal }, path));
    } else {
      const clash =
        cidr && observation.networks.find((other) => other.cidr && overlaps(toRange(cidr), toRange(other.cidr)));
      if (clash)
        refusals.push({
          path: `${path}.cidr`,
          message: `${cidr} overlaps ${clash.cidr} of ${clash.owner}; choose another CIDR`,
        });
      const isShared = key === sharedNetwork && stack.front?.shared !== undefined;
      const chosen = cidr ?? (options.ipam || isShared ? undefined : carve(stack, taken, path, refusals));
      if (chosen) taken.push({ ...toRange(chosen), name });
      create.push({ name, key, cidr: chosen, internal, ...options });
    }
  }
  refusals.push(...refuseModes(stack, existing));
  const names = new Set([...wanted.map((key) => networkName(stack, key)), ...Object.values(modesOf(stack))]);
  return {
    create,
    obsolete: observation.networks.filter(({ ours, name }) => ours && !names.has(name)).map(({ name }) => name),
    refusals,
  };
}

/** By service: the network of the engine that it joins by its mode. */
function modesOf({ services }: Stack): Record<string, string> {
  const joined = Object.values(services).map(({ name, networkMode }) => [name, networkOfMode(networkMode)] as const);
  return Object.fromEntries(joined.filter((each): each is [string, string] => each[1] !== undefined));
}

function refuseModes(stack: Stack, existing: ReadonlyMap<string, ObservedNetwork>): Refusal[] {
  return Object.entries(modesOf(stack)).flatMap(([service, name]) => {
    const path = `services.${service}.network_mode`;
    const found = existing.get(name);
    if (found) return joinsBalancers(found) ? [{ path, message: noJoining }] : [];
    const remedy = Object.hasOwn(stack.services, name) ? `write service:${name}` : 'create it first';
    const message = `there is no network "${name}" on the host; ${remedy}, or correct the name`;
    return [{ path, message }];
  });
}

const noJoining =
  'is the network between a load balancer and the shared one, which no service may join; choose another network';

/** Whether a network is that of an environment's load balancer and the shared one. */
function joinsBalancers({ name, owner }: ObservedNetwork): boolean {
  return owner.startsWith('stack ') && name === `${owner.slice('stack '.length).replace('/', '-')}_${sharedNetwork}`;
}

function usedNetworks(stack: Stack): string[] {
  if (runtimeTraits[stack.runtime].network !== 'containers' || stack.infrastructure.networkMode === 'host') return [];
  const joining = Object.values(stack.services).filter(({ networkMode }) => networkMode === undefined);
  return [...new Set(joining.flatMap(({ networks }) => Object.keys(networks)))].sort();
}

/**
 * Docker resolves a shared name on a network to any of its containers, in turns. The name of a service that is alone of
 * its stack on the network is not used there; an alias always is.
 */
function refuseSharedNames({ services }: Stack, key: string, { name, namesOfOthers = [] }: ObservedNetwork): Refusal[] {
  const joined = Object.values(services).filter(({ networks }) => key in networks);
  return joined.flatMap(({ name: service, networks }) => {
    const aliases = networks[key]!.aliases;
    const isAsked = (other: { name: string; isAsked?: boolean }) =>
      joined.length > 1 || other.isAsked || aliases.includes(other.name);
    const taken = namesOfOthers.find((other) => [service, ...aliases].includes(other.name) && isAsked(other));
    if (!taken) return [];
    const message =
      `on the external network "${name}", "${taken.name}" is also a name of ` +
      `${taken.by}: requests would reach either of them. ` +
      'Connect the services of this stack by a network of their own, and attach ' +
      'only services that others must reach to this one; ' +
      'or choose another name; or pass --force if both may answer';
    return [{ path: `services.${service}.networks.${key}`, message, forceable: true }];
  });
}

function refuseExisting(
  found: ObservedNetwork,
  { cidr, internal }: { cidr?: string; internal: boolean },
  path: string,
): Refusal[] {
  if (!found.ours)
    return [
      {
        path,
        message:
          `the network "${found.name}" exists and belongs to ` +
          `${found.owner}; choose another name, or set external: true`,
      },
    ];
  if (cidr && found.cidr && cidr !== found.cidr) {
    return [
      {
        path: `${path}.cidr`,
        message:
          `the network "${found.name}" runs with ${found.cidr} and cannot change to ${cidr} under ` +
          `its instances; run \`deploy-code stop\` first, or give it a new name`,
      },
    ];
  }
  if (found.internal !== undefined && found.internal !== internal) {
    const [actual, wanted] = [found.internal, internal].map((each) => (each ? 'internal' : 'not internal'));
    const message =
      `the network "${found.name}" is ${actual} and cannot become ${wanted} under its instances; ` +
      'run `deploy-code stop` first, or give it a new name';
    return [{ path: `${path}.internal`, message }];
  }
  return [];
}

/** The first free /24 of the stack's CIDR; undefined leaves the choice to the runtime. */
function carve(stack: Stack, taken: AddressRange[], path: string, refusals: Refusal[]): string | undefined {
  const parent = stack.infrastructure.cidr;
  if (!parent) return undefined;
  const { first, last } = toRange(parent);
  const size = Math.min(256, last - first + 1);
  for (let start = first; start + size - 1 <= last; start += size) {
    if (!taken.some((range) => overlaps(range, { first: start, last: start + size - 1 })))
      return `${toAddress(start)}/${32 - Math.log2(size)}`;
  }
  refusals.push({
    path,
    message:
      `${parent} has no free /${32 - Math.log2(size)} left; change ` +
      'infrastructure.network.cidr, or give the network its own cidr',
  });
  return undefined;
}
