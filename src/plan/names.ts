import { hasWorkloads } from '../model/runtimes';
import type { Service, Stack } from '../model/stack';
import { contentHash } from './service/hash';

type Scope = Pick<Stack, 'name' | 'environment'>;
type Place = Scope & Pick<Stack, 'runtime' | 'infrastructure'>;

/** `shop-staging`: prefix of everything that the engine creates, and compose's project name. */
export function projectName({ name, environment }: Scope): string {
  return `${name}-${environment}`;
}

/** The namespace of a stack on a cluster. */
function namespaceOf(stack: Place): string {
  return stack.infrastructure.cluster?.namespace ?? projectName(stack);
}

/** Maximum length of a DNS label (RFC 1035) and of a Kubernetes name: longer names cannot be resolved. */
const longestLabel = 63;
const markLength = 8;

/**
 * Joins a head and a tail into one DNS label. A head that is too long is cut and gets a hash of the whole head, so that
 * two long names remain distinct; the tail, which distinguishes instances of a service, is never cut.
 */
export function boundedName(head: string, tail: string): string {
  if (head.length + tail.length <= longestLabel) return head + tail;
  const room = longestLabel - tail.length - markLength - 1;
  return `${head.slice(0, room).replace(/[-_.]+$/, '')}-${contentHash(head).slice(0, markLength)}${tail}`;
}

/**
 * `shop-staging-api-1-d3`: deterministic, so that a repeated step finds the instance it created. On a cluster a service
 * keeps its name, `shop-staging/api`; a job has a name for each run.
 */
export function instanceName(
  scope: Place,
  { name: service, kind }: Pick<Service, 'name' | 'kind'>,
  ordinal: number,
  deployment: number,
): string {
  if (!hasWorkloads(scope)) return boundedName(`${projectName(scope)}-${service}`, `-${ordinal}-d${deployment}`);
  return `${namespaceOf(scope)}/${kind === 'job' ? boundedName(service, `-d${deployment}`) : service}`;
}

/** The name of the job that tests the new set of a service. */
export function testName(scope: Place, service: string, deployment: number): string {
  const tail = `-test-d${deployment}`;
  if (hasWorkloads(scope)) return `${namespaceOf(scope)}/${boundedName(service, tail)}`;
  return boundedName(`${projectName(scope)}-${service}`, tail);
}

export function networkName(stack: Stack, key: string): string {
  if (hasWorkloads(stack)) return `${namespaceOf(stack)}/${stack.networks[key]?.name ?? key}`;
  return stack.networks[key]?.name ?? (stack.networks[key]?.external ? key : `${projectName(stack)}_${key}`);
}

export function volumeName(stack: Stack, key: string): string {
  if (hasWorkloads(stack)) return `${namespaceOf(stack)}/${stack.volumes[key]?.name ?? key}`;
  return stack.volumes[key]?.name ?? (stack.volumes[key]?.external ? key : `${projectName(stack)}_${key}`);
}

/** `api-1`: short name of an instance within its environment. */
export function shortName({ service, ordinal }: { service: string; ordinal: number }): string {
  return `${service}-${ordinal}`;
}
