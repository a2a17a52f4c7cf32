import type { Stack } from '../model/stack';
import { certificatesOf } from '../model/stack/certificates';
import { secretsOfDrivers } from '../model/stack/secret-sources';
import type { SecretSource } from '../model/instance';
import { credentialOf } from '../model/notification';
import type { Refused } from '../model/observation';
import { hostRefusal } from './hosts';
import { isAllowedIn } from './paths';
import { matchesAny, type Place } from './patterns';
import { refusalsOf, type RuleContext } from './rules';
import type { Policy } from './schema';
import { subjectOf } from './subject';

export { hostRefusal } from './hosts';
export { defaultPolicy, readPolicy } from './read';
export { policedRuntime } from './policed-runtime';
export type { Policy } from './schema';
export type { Place } from './patterns';
export type { RuleContext } from './rules';
export { ownFiles, unixSockets } from './own-files';
export { readOwnVolumes } from './own-volumes';
export { SourceRefused, SourceRules } from './sources';

/** Everything in a stack that the worker's policy refuses, each with its key. */
export async function refusedOf(stack: Stack, context: RuleContext): Promise<Refused[]> {
  const services = Object.values(stack.services).map((service) => refusalsOf(subjectOf(service, stack), context));
  const found = await Promise.all([
    ...services,
    secretsBesideServices(stack, context),
    subscriberHosts(stack, context),
    auditFolder(stack, context),
  ]);
  return found.flat();
}

/** Secrets that no service mounts: of certificates, networks, volumes, and subscribers, triggers. */
async function secretsBesideServices(stack: Stack, { sources }: RuleContext): Promise<Refused[]> {
  const ofRoutes = Object.values(stack.services).flatMap(({ ingress }) =>
    certificatesOf(ingress).flatMap(({ certificate, key }) => [certificate, key]),
  );
  const named = [...(stack.front?.certificates ?? []), ...ofRoutes, ...secretsOfDrivers(stack)].map(
    ({ name, source }) => ({ path: `secrets.${name}`, source }),
  );
  const ofSubscribers = (stack.subscribers ?? []).flatMap(({ name, target }) => {
    const address = typeof target.url === 'string' ? undefined : target.url;
    return [address, credentialOf(target)].flatMap((used) =>
      used ? [{ path: `subscribers.${name}`, source: used.source }] : [],
    );
  });
  const ofTriggers = (stack.triggers ?? []).map(({ name, secret: { source } }) => ({
    path: `triggers.${name}`,
    source,
  }));
  const found = await Promise.all(
    [...named, ...ofSubscribers, ...ofTriggers].map(({ path, source }) => refusedSource(path, source, stack, sources)),
  );
  return found.flat();
}

async function refusedSource(
  path: string,
  source: SecretSource,
  { name, environment }: Stack,
  sources: RuleContext['sources'],
): Promise<Refused[]> {
  return sources.check(source, { stack: name, environment }).then(
    () => [],
    (error: Error) => [{ path, message: error.message }],
  );
}

/** Checks addresses of subscribers. Those that are secrets are checked when they are used. */
async function subscriberHosts(
  { name, environment, subscribers = [] }: Stack,
  { policy }: RuleContext,
): Promise<Refused[]> {
  return subscribers.flatMap(({ name: subscriber, target: { url } }) => {
    const why =
      typeof url === 'string' && URL.canParse(url)
        ? hostRefusal(new URL(url), policy, { stack: name, environment })
        : undefined;
    return why ? [{ path: `subscribers.${subscriber}`, message: why }] : [];
  });
}

async function auditFolder(
  { name, environment, infrastructure: { dataDir } }: Stack,
  { policy }: RuleContext,
): Promise<Refused[]> {
  const why = dataDir !== undefined && (await auditFolderRefusal(dataDir, policy, { stack: name, environment }));
  return why ? [{ path: 'infrastructure.storage.data_dir', message: why }] : [];
}

/** True for an environment that takes requests only with a statement of a server. */
export function demandsStatements({ statements = [] }: Policy, place: Place): boolean {
  return matchesAny(statements, `${place.stack}/${place.environment}`, place);
}

/** Why an audit trail may not be copied to a folder; undefined if it may. */
export async function auditFolderRefusal(folder: string, { audit }: Policy, place: Place): Promise<string | undefined> {
  if (!audit?.folders || (await isAllowedIn(audit.folders, folder, place))) return undefined;
  return `the worker's policy does not allow an audit trail in ${folder} (rule audit.folders)`;
}
