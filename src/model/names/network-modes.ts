/** Words that Docker takes for a mode of a container, never for the name of a network. */
const modes = new Set(['host', 'none', 'default', 'bridge']);

/** By these a container takes the network of another one, or of a process. */
const borrowed = /^(?:container|ns):/;

/** Why a name cannot be that of a network: Docker would take it for a mode. Undefined where it can. */
export function networkModeProblem(name: string): string | undefined {
  if (!modes.has(name) && !borrowed.test(name)) return undefined;
  const said = `${JSON.stringify(name)} is a mode of Docker, not the name of a network`;
  const forHost = 'for the network of the host set infrastructure.network.mode: Host';
  const remedy = name === 'host' ? forHost : 'choose another';
  return `${said}; ${remedy}`;
}

/** Whether a container with these networks is on the network of the host, or on that of another container. */
export function sharesNetwork(networkMode: 'bridge' | 'host', networks: readonly string[]): boolean {
  return networkMode === 'host' || networks.some((name) => name === 'host' || borrowed.test(name));
}
