import type { Stack } from '../../model/stack';
import { certificatesOf } from '../../model/stack/certificates';
import type { PinnedImages } from '../../model/images';
import type { Observation } from '../../model/observation';
import { balancerName, type TrafficState } from '../../model/traffic';
import { imagesOf } from '../../plan/resources/images';
import { type RuleContext, refusedOf } from '../../policy';
import type { RuntimePlace } from '../../runtimes';
import type { Runtime } from '../../runtimes/runtime';
import { balancerOf } from '../traffic/balancer';
import type { Dependencies } from '../dependencies';

type Seen = Omit<Observation, 'secrets'>;
type Means = Pick<Dependencies, 'runtimes' | 'secrets'>;

/** Everything the planner has to know of where a stack runs; `pinned`: the images of the kept release that it is. */
export async function observeStack(
  means: Means & Pick<Dependencies, 'rules'>,
  stack: Stack,
  pinned: PinnedImages,
  closely: boolean,
): Promise<Observation> {
  const refused = await refusedOf(stack, means.rules);
  const permitted = refused.length === 0 ? stack : await withPermittedSources(stack, means.rules);
  const observation = await completeObservation(means, permitted, pinned, await observeHost(means, stack, closely));
  return refused.length === 0 ? observation : { ...observation, refused };
}

/** What the policy refuses is not even read. */
async function withPermittedSources(stack: Stack, { sources }: RuleContext): Promise<Stack> {
  const place = { stack: stack.name, environment: stack.environment };
  const passes = (check: Promise<void>) =>
    check.then(
      () => true,
      () => false,
    );
  const secrets = await Promise.all(
    Object.entries(stack.secrets).map(async ([name, source]) =>
      (await passes(sources.check(source, place))) ? [[name, source] as const] : [],
    ),
  );
  const services = await Promise.all(
    Object.entries(stack.services).map(async ([name, service]) => {
      const envFiles = await Promise.all(
        service.envFiles.map(async (file) =>
          (await passes(sources.checkFile(file, 'env_files', place))) ? [file] : [],
        ),
      );
      return [name, { ...service, envFiles: envFiles.flat() }] as const;
    }),
  );
  return { ...stack, secrets: Object.fromEntries(secrets.flat()), services: Object.fromEntries(services) };
}

/** The runtime of a stack, and the environment that it is asked about. */
export function placeOf({ name, environment, runtime, infrastructure: { cluster } }: Stack): RuntimePlace {
  const namespace = cluster?.namespace;
  return { runtime, stack: name, environment, ...(namespace !== undefined && { namespace }) };
}

/** What the runtime shows by itself. */
export function observeHost({ runtimes }: Pick<Means, 'runtimes'>, stack: Stack, closely: boolean): Promise<Seen> {
  const isExposed = Object.values(stack.services).some(({ ingress = [] }) => ingress.length > 0);
  const gateway = isExposed && stack.infrastructure.cluster?.gateway !== undefined;
  return runtimes(placeOf(stack)).observe({ images: [], ports: portRanges(stack), closely, gateway });
}

/** The rest: images, secrets, and where requests go. */
export async function completeObservation(
  { runtimes, secrets }: Means,
  stack: Stack,
  pinned: PinnedImages,
  seen: Seen,
): Promise<Observation> {
  const runtime = runtimes(placeOf(stack));
  const envFiles = Object.values(stack.services).flatMap((service) => service.envFiles);
  const [fingerprints, images, traffic] = await Promise.all([
    secrets.fingerprints(usedSecrets(stack), envFiles, variablesOf(stack)),
    findImages(runtime, stack, pinned),
    trafficOf(runtime, stack, seen),
  ]);
  return { ...seen, images, secrets: fingerprints, ...(traffic && { traffic }) };
}

/**
 * What the load balancer says of itself; nothing where none runs. One that cannot tell must not be taken for one that
 * is not there.
 */
async function trafficOf(
  runtime: Runtime,
  { front }: Stack,
  { instances }: Pick<Observation, 'instances'>,
): Promise<TrafficState | undefined> {
  const running = front && instances.find(({ service, state }) => service === balancerName && state === 'running');
  if (!running || (await runtime.inspect(running.name))?.state !== 'running') return undefined;
  return balancerOf(runtime, running.name).read();
}

function portRanges(stack: Stack): { from: number; to: number }[] {
  return Object.values(stack.services).flatMap((service) =>
    service.ports.map(({ published }) => published ?? stack.infrastructure.portRange),
  );
}

/** Only secrets that a service, the load balancer or an Ingress uses have to exist. */
function usedSecrets(stack: Stack): Stack['secrets'] {
  const services = Object.values(stack.services);
  const ofIngress = services.flatMap(({ ingress }) =>
    certificatesOf(ingress).flatMap(({ certificate, key }) => [certificate, key]),
  );
  const used = [...services.flatMap(({ secrets }) => secrets), ...(stack.front?.certificates ?? []), ...ofIngress];
  const names = new Set(used.map(({ name }) => name));
  return Object.fromEntries(Object.entries(stack.secrets).filter(([name]) => names.has(name)));
}

/** Secrets that are used as variables. */
function variablesOf({ services }: Stack): Set<string> {
  return new Set(
    Object.values(services).flatMap(({ secrets }) =>
      secrets.flatMap(({ name, target }) => ('environment' in target ? [name] : [])),
    ),
  );
}

/** A kept release means the images it had, wherever their tags point today. */
async function findImages(runtime: Runtime, stack: Stack, pinned: PinnedImages): Promise<Observation['images']> {
  const references = [...new Set(Object.values(stack.services).flatMap(imagesOf))];
  const { images } = runtime;
  if (!images) return [];
  const found = await images.find(references.map((reference) => pinned[reference]?.id ?? reference));
  return found.map((image, index) => ({ ...image, reference: references[index]! }));
}
