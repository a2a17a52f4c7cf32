import type { Stack } from '../config/stack';
import { certificatesOf } from '../kubernetes';
import type { SecretSource } from '../model/instance';
import type { Refused } from '../model/observation';
import { isAllowedIn } from './paths';
import { refusalsOf, type RuleContext } from './rules';
import { subjectOf } from './subject';

export { defaultPolicy, readPolicy } from './read';
export { policedRuntime } from './policed-runtime';
export type { Policy } from './schema';
export type { Place } from './patterns';
export type { RuleContext } from './rules';
export { ownFiles } from './own-files';
export { SourceRefused, SourceRules } from './sources';

/** Everything about a stack that the worker's policy refuses, with the key of its file. */
export async function refusedOf(stack: Stack, context: RuleContext): Promise<Refused[]> {
  const services = Object.values(stack.services).map((service) => refusalsOf(subjectOf(service, stack), context));
  const found = await Promise.all([...services, secretsBesideServices(stack, context), auditFolder(stack, context)]);
  return found.flat();
}

/** Secrets that no service mounts: certificates, and what subscribers are reached by. */
async function secretsBesideServices(stack: Stack, { sources }: RuleContext): Promise<Refused[]> {
  const ofRoutes = Object.values(stack.services).flatMap(({ ingress }) => certificatesOf(ingress).flatMap(({ certificate, key }) => [certificate, key]));
  const certificates = [...(stack.front?.certificates ?? []), ...ofRoutes].map(({ name, source }) => ({ path: `secrets.${name}`, source }));
  const ofSubscribers = (stack.subscribers ?? []).flatMap(({ name, target }) => {
    const used = target.kind === 'webhook' ? target.key : target.kind === 'redis' ? target.password : target.url;
    return used ? [{ path: `subscribers.${name}`, source: used.source }] : [];
  });
  const found = await Promise.all([...certificates, ...ofSubscribers].map(({ path, source }) => refusedSource(path, source, stack, sources)));
  return found.flat();
}

async function refusedSource(path: string, source: SecretSource, { name, environment }: Stack, sources: RuleContext['sources']): Promise<Refused[]> {
  return sources.check(source, { stack: name, environment }).then(() => [], (error: Error) => [{ path, message: error.message }]);
}

async function auditFolder({ name, environment, infrastructure: { dataDir } }: Stack, { policy }: RuleContext): Promise<Refused[]> {
  const folders = policy.audit?.folders;
  if (dataDir === undefined || !folders || (await isAllowedIn(folders, dataDir, { stack: name, environment }))) return [];
  return [{ path: 'infrastructure.storage.data_dir', message: `the worker's policy does not allow an audit trail in ${dataDir} (rule audit.folders)` }];
}
