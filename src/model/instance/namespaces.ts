/** Namespaces of its container that an instance can share with another one. */
export const namespaces = ['network', 'ipc', 'pid'] as const;
export type Namespace = (typeof namespaces)[number];

/** The namespace of another service of the stack, in place of an own one. */
export type OfService = `service:${string}`;

/** The namespace of a container outside the stack, by its name. */
export type OfContainer = `container:${string}`;

/** A network of the engine that the stack did not make, by its name. */
export type OfNetwork = `network:${string}`;

/** By namespace: the service, or the instance, whose namespace is joined. */
export type Joined = Partial<Record<Namespace, string>>;

/** Their keys in the stack file. */
export const namespaceKeys: Record<Namespace, string> = { network: 'network_mode', ipc: 'ipc', pid: 'pid' };

const prefix = 'service:';
const outside = 'container:';

/** `vpn` of `service:vpn`; undefined for every other mode. */
export function serviceOfMode(mode: string | undefined): string | undefined {
  return mode?.startsWith(prefix) ? mode.slice(prefix.length) : undefined;
}

/** `vpn` of `container:vpn`; undefined for every other mode. */
export function containerOfMode(mode: string | undefined): string | undefined {
  return mode?.startsWith(outside) ? mode.slice(outside.length) : undefined;
}

const named = 'network:';

/** The mode of an instance that joins this network, and has no names there. */
export function modeOfNetwork(name: string): OfNetwork {
  return `${named}${name}`;
}

/** `edge` of `network:edge`; undefined for every other mode. */
export function networkOfMode(mode: string | undefined): string | undefined {
  return mode?.startsWith(named) ? mode.slice(named.length) : undefined;
}

interface Modes {
  networkMode?: string;
  ipc?: string;
  pid?: string;
}

/** The services whose namespaces a service joins. */
export function joinedServices(modes: Modes): Joined {
  return namedIn(modes, serviceOfMode);
}

/** The containers outside the stack whose namespaces a service or an instance joins. */
export function joinedContainers(modes: Modes): Joined {
  return namedIn(modes, containerOfMode);
}

function namedIn({ networkMode, ipc, pid }: Modes, nameOf: (mode: string | undefined) => string | undefined): Joined {
  const given: Record<Namespace, string | undefined> = { network: networkMode, ipc, pid };
  return Object.fromEntries(
    namespaces.flatMap((namespace) => {
      const name = nameOf(given[namespace]);
      return name === undefined ? [] : [[namespace, name]];
    }),
  );
}

/** One namespace that is joined. */
export interface Join {
  namespace: Namespace;
  /** Key of a service that asks for it. */
  key: string;
  /** The service, or the container outside the stack, whose namespace it is. */
  name: string;
}

/** The joined namespaces as a list. */
export function joinsIn(joined: Joined): Join[] {
  return namespaces.flatMap((namespace) => {
    const name = joined[namespace];
    return name === undefined ? [] : [{ namespace, key: namespaceKeys[namespace], name }];
  });
}
