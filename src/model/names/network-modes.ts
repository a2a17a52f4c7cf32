import { networkOfMode, type NetworkMode } from '../instance';

/** Words that Docker reads as a network mode, never as the name of a network. */
const modes = new Set(['host', 'none', 'default', 'bridge']);

/** Modes that share the network of another container or process. */
const borrowed = /^(?:container|ns):/;

/** Why Docker would read a name as a network mode; undefined for a valid network name. */
export function networkModeProblem(name: string): string | undefined {
  if (!modes.has(name) && !borrowed.test(name)) return undefined;
  const problem = `${JSON.stringify(name)} is a network mode of Docker, not the name of a network`;
  const useHost = "set infrastructure.network.mode: Host to use the host's network";
  const remedy = name === 'host' ? useHost : 'choose another name';
  return `${problem}; ${remedy}`;
}

/**
 * Whether a container with these networks shares the network of the host or of a foreign container. The network of
 * another service of the stack is neither.
 */
export function sharesNetwork(networkMode: NetworkMode, networks: readonly string[]): boolean {
  const joined = [networkOfMode(networkMode) ?? networkMode, ...networks];
  return joined.some((name) => name === 'host' || borrowed.test(name));
}
