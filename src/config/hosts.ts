import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { errorAt, parseYaml } from './read/document';
import { isUnprotected } from '../model/host';
import type { Finding } from './problems';
import { unprotected } from './rules/hosts';
import { schemaFindings } from './schema/problems';
import { host, hostName, type HostInput } from './schema/host';
import { readText } from './read/source';
import { interpolate } from './read/variables';

/** How a worker reaches the Docker Engine of a host. Paths are absolute. */
interface DockerAt {
  url: string;
  address?: string;
  tls?: { ca: string; cert: string; key: string };
}

/** How a worker reaches a cluster. Paths are absolute. */
interface ClusterAt {
  kubeconfig?: string;
  context?: string;
}

/** How a worker reaches a host. */
export interface HostEndpoint {
  name: string;
  docker?: DockerAt;
  cluster?: ClusterAt;
}

const fleet = z.looseObject({
  infrastructure: z.looseObject({ hosts: z.record(hostName, z.union([z.null(), host])) }),
});

/**
 * Reads `infrastructure.hosts` of a stack file, or of a file that has no other key.
 * @throws StackFileError with every problem found
 */
export function readHosts(file: string, shell: Record<string, string | undefined> = process.env): HostEndpoint[] {
  const document = parseYaml(file, readText(file));
  const { hosts } = ((document.data as { infrastructure?: { hosts?: unknown } } | null)?.infrastructure ?? {}) as {
    hosts?: unknown;
  };
  const { data, findings } = interpolate({ infrastructure: { hosts } }, shell);
  const parsed = fleet.safeParse(data);
  const problems = [
    ...findings,
    ...(parsed.success
      ? unprotectedHosts(parsed.data.infrastructure.hosts)
      : schemaFindings(fleet, parsed.error.issues)),
  ];
  if (problems.length > 0 || !parsed.success) throw errorAt(document, problems);
  return Object.entries(parsed.data.infrastructure.hosts).map(([name, input]) => ({
    name,
    ...toEndpoint(input ?? {}, dirname(resolve(file))),
  }));
}

/** Repeats the check of the rules for workers, which read hosts only. */
function unprotectedHosts(hosts: Record<string, HostInput | null>): Finding[] {
  return Object.entries(hosts).flatMap(([name, host]) =>
    host?.docker !== undefined && !host.insecure && isUnprotected(host.docker, host.tls !== undefined)
      ? [{ path: ['infrastructure', 'hosts', name, 'docker'], message: unprotected }]
      : [],
  );
}

function toEndpoint(input: HostInput, baseDir: string): Omit<HostEndpoint, 'name'> {
  const { kubernetes } = input;
  return kubernetes === undefined
    ? { docker: toDocker(input, baseDir) }
    : { cluster: toCluster(typeof kubernetes === 'string' ? { context: kubernetes } : kubernetes, baseDir) };
}

function toCluster({ context, kubeconfig }: ClusterAt, baseDir: string): ClusterAt {
  return {
    ...(context !== undefined && { context }),
    ...(kubeconfig !== undefined && { kubeconfig: resolve(baseDir, kubeconfig) }),
  };
}

function toDocker({ docker: url = 'unix:///var/run/docker.sock', address, tls }: HostInput, baseDir: string): DockerAt {
  const place = { url, ...(address !== undefined && { address }) };
  if (tls === undefined) return place;
  const files =
    typeof tls === 'string' ? { ca: join(tls, 'ca.pem'), cert: join(tls, 'cert.pem'), key: join(tls, 'key.pem') } : tls;
  return {
    ...place,
    tls: { ca: resolve(baseDir, files.ca), cert: resolve(baseDir, files.cert), key: resolve(baseDir, files.key) },
  };
}
