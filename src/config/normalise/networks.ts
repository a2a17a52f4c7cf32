import {
  containerOfMode,
  joinedContainers,
  joinedServices,
  modeOfNetwork,
  serviceOfMode,
  type EndpointSettings,
} from '../../model/instance';
import type { NetworkOptions } from '../../model/resources';
import type { Service } from '../../model/stack';
import type { ServiceInput } from '../schema/service';
import type { StackFile } from '../schema/stack-file';
import { toAssignments } from './words';

type NetworkInput = NonNullable<NonNullable<StackFile['networks']>[string]>;

/** Options of a network beyond its range; only those that are set. */
export function toNetworkOptions(input: NetworkInput): NetworkOptions {
  const { driver, driver_opts: options, ipam, enable_ipv6: ipv6, attachable, labels } = input;
  return {
    ...(driver !== undefined && driver !== 'bridge' && { driver }),
    ...(options && { driverOptions: toAssignments(options) }),
    ...(ipam && { ipam: toIpam(ipam) }),
    ...(ipv6 !== undefined && { ipv6 }),
    ...(attachable && { attachable }),
    ...(labels && { labels: toAssignments(labels) }),
  };
}

function toIpam({
  driver,
  options,
  config = [],
}: NonNullable<NetworkInput['ipam']>): NonNullable<NetworkOptions['ipam']> {
  return {
    ...(driver !== undefined && { driver }),
    ...(options && { options: toAssignments(options) }),
    pools: config.map(({ subnet, ip_range: range, gateway, aux_addresses: auxiliary }) => ({
      subnet,
      ...(range !== undefined && { range }),
      ...(gateway !== undefined && { gateway }),
      ...(auxiliary && { auxiliary }),
    })),
  };
}

/** The networks of a service, with its names and fixed settings on each; none beside `network_mode`. */
export function toAttachments({ networks, network_mode: mode }: ServiceInput): Service['networks'] {
  if (mode !== undefined) return {};
  if (!networks) return { default: { aliases: [] } };
  if (Array.isArray(networks)) return Object.fromEntries(networks.map((name) => [name, { aliases: [] }]));
  return Object.fromEntries(
    Object.entries(networks).map(([name, options]) => {
      const { aliases = [], links = {}, ...rest } = options ?? {};
      const settings = toSettings(rest);
      const own = Object.keys(links).length > 0 ? { links } : {};
      return [name, { aliases, ...own, ...(Object.keys(settings).length > 0 && { settings }) }];
    }),
  );
}

/** Any name that is no mode is that of a network of the engine. */
export function toNetworkMode(mode: string): Service['networkMode'] {
  const isMode = mode === 'host' || mode === 'none' || (serviceOfMode(mode) ?? containerOfMode(mode)) !== undefined;
  return isMode ? (mode as Service['networkMode']) : modeOfNetwork(mode);
}

type Attachment = NonNullable<Extract<NonNullable<ServiceInput['networks']>, Record<string, unknown>>[string]>;

function toSettings(input: Omit<Attachment, 'aliases'>): EndpointSettings {
  return {
    ...(input.ipv4_address !== undefined && { ipv4: input.ipv4_address }),
    ...(input.ipv6_address !== undefined && { ipv6: input.ipv6_address }),
    ...(input.link_local_ips && { linkLocal: input.link_local_ips }),
    ...(input.mac_address !== undefined && { mac: input.mac_address }),
    ...(input.driver_opts && { driverOptions: toAssignments(input.driver_opts) }),
  };
}

/** Names of the services that share a namespace: they join that of another one, or it joins theirs. */
export function sharingNamespaces(services: Record<string, ServiceInput>): ReadonlySet<string> {
  const sharing = Object.entries(services).flatMap(([name, input]) => [
    ...joinedByInput(input).flatMap((joined) => [name, joined]),
    ...(Object.keys(joinedContainers(modesOf(input))).length > 0 ? [name] : []),
  ]);
  return new Set(sharing);
}

/** Names of the services whose namespaces a service joins. */
export function joinedByInput(input: ServiceInput): string[] {
  return Object.values(joinedServices(modesOf(input)));
}

function modesOf({ network_mode: networkMode, ipc, pid }: ServiceInput) {
  return { networkMode, ipc, pid };
}

/** True for a service with a fixed address: only one instance can have it. */
export function hasFixedAddress({ networks, mac_address: mac }: ServiceInput): boolean {
  const attachments = networks && !Array.isArray(networks) ? Object.values(networks) : [];
  return mac !== undefined || attachments.some((each) => each?.ipv4_address ?? each?.ipv6_address ?? each?.mac_address);
}
