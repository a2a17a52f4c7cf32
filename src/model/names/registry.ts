import { registryHost } from './image-reference';

/** Docker Hub, by the name that images have for it. */
export const dockerHub = 'docker.io';

/** Names of Docker Hub in references and in Docker's own configuration. */
const hubNames: ReadonlySet<string> = new Set([dockerHub, 'index.docker.io']);
const hubAddress = 'https://index.docker.io/v1/';

const part = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const ipv6 = '\\[[0-9a-f:.]{2,45}\\]';
const port = ':(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])';

/** The host of a registry in its one spelling. Docker takes a word without dot and port for a user of Docker Hub. */
export const registryPattern = new RegExp(
  `^(?=.{1,260}$)(?:localhost|(?:${part}\\.)+${part}|${part}(?=:)|${ipv6})(?:${port})?$`,
);

/**
 * The one spelling of a registry that a person has written: in lower case, and the names of Docker Hub as one. May not
 * be a valid name.
 */
export function normalRegistry(written: string): string {
  if (written === hubAddress) return dockerHub;
  const host = written
    .replace(/^https:\/\//i, '')
    .replace(/\/$/, '')
    .toLowerCase();
  return hubNames.has(host) ? dockerHub : host;
}

/** The registry that Docker pulls a reference from, in its one spelling. */
export function registryOfImage(reference: string): string {
  return normalRegistry(registryHost(reference) ?? dockerHub);
}

/** True for a registry, or a host of a URL, on this machine: Docker allows it to speak plain HTTP. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/.test(host);
}
