/** Namespaces of its container that an instance can share with another one. */
export const namespaces = ['network', 'ipc', 'pid'] as const;
export type Namespace = (typeof namespaces)[number];

/** The namespace of another service of the stack, in place of an own one. */
export type OfService = `service:${string}`;

/** By namespace: the service, or the instance, whose namespace is joined. */
export type Joined = Partial<Record<Namespace, string>>;

/** Their keys in the stack file. */
export const namespaceKeys: Record<Namespace, string> = { network: 'network_mode', ipc: 'ipc', pid: 'pid' };

const prefix = 'service:';

/** `vpn` of `service:vpn`; undefined for every other mode. */
export function serviceOfMode(mode: string | undefined): string | undefined {
  return mode?.startsWith(prefix) ? mode.slice(prefix.length) : undefined;
}

/** The services whose namespaces a service joins. */
export function joinedServices(modes: { networkMode?: string; ipc?: string; pid?: string }): Joined {
  const given: Record<Namespace, string | undefined> = { network: modes.networkMode, ipc: modes.ipc, pid: modes.pid };
  return Object.fromEntries(
    namespaces.flatMap((namespace) => {
      const service = serviceOfMode(given[namespace]);
      return service === undefined ? [] : [[namespace, service]];
    }),
  );
}
