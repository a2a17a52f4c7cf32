import type { Stack } from '../../model/stack';
import { joinedContainers } from '../../model/instance';
import { certificatesOf } from '../../model/stack/certificates';
import { secretsOfDrivers } from '../../model/stack/secret-sources';
import type { PinnedImages } from '../../model/images';
import type { Observation } from '../../model/observation';
import { balancerName, sharedNetwork, type SharedRoutes, type TrafficState } from '../../model/traffic';
import { asksOfEngine } from '../../plan/resources/engine-features';
import { imagesOf } from '../../plan/resources/images';
import { servedRoutes } from '../../plan/traffic/route-claims';
import { type RuleContext, refusedOf } from '../../policy';
import type { RuntimePlace } from '../../runtimes';
import type { Questions, Runtime } from '../../runtimes/runtime';
import { balancerOf } from '../traffic/balancer';
import type { Dependencies } from '../dependencies';

type Seen = Omit<Observation, 'secrets'>;
type ObserveDependencies = Pick<Dependencies, 'runtimes' | 'secrets'>;

/** The observation that the planner needs. `pinned`: images of the kept release that the stack is deployed from. */
export async function observeStack(
  dependencies: ObserveDependencies & Pick<Dependencies, 'rules' | 'directory' | 'statements'>,
  stack: Stack,
  pinned: PinnedImages,
  closely: boolean,
): Promise<Observation> {
  const refused = [...dependencies.statements.refusedIn(stack), ...(await refusedOf(stack, dependencies.rules))];
  const permitted = refused.length === 0 ? stack : await withPermittedSources(stack, dependencies.rules);
  const seen = await observeHost(dependencies, stack, { closely });
  const [observation, shared] = await Promise.all([
    completeObservation(dependencies, permitted, pinned, seen),
    sharedRoutes(dependencies, stack, seen),
  ]);
  return { ...observation, ...(shared && { shared }), ...(refused.length > 0 && { refused }) };
}

/** The routes at the shared load balancer, if the stack uses it or did. */
async function sharedRoutes(
  { directory }: Pick<Dependencies, 'directory'>,
  { front, runtime }: Stack,
  { instances }: Seen,
): Promise<SharedRoutes[] | undefined> {
  const did = instances.some(
    ({ service, networks }) => service === balancerName && networks.some((name) => name.endsWith(`_${sharedNetwork}`)),
  );
  if (!front?.shared && !did) return undefined;
  return servedRoutes(await directory.sharedClaims({ runtime }));
}

/** The stack without secrets and env files that the policy refuses, so that they are not read. */
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

/** The runtime and the environment of a stack. */
export function placeOf({ name, environment, runtime, infrastructure: { cluster } }: Stack): RuntimePlace {
  const namespace = cluster?.namespace;
  return { runtime, stack: name, environment, ...(namespace !== undefined && { namespace }) };
}

/** The part of the observation that the runtime reports. */
export function observeHost(
  { runtimes }: Pick<ObserveDependencies, 'runtimes'>,
  stack: Stack,
  questions: Pick<Questions, 'closely' | 'addresses'>,
): Promise<Seen> {
  const isExposed = Object.values(stack.services).some(({ ingress = [] }) => ingress.length > 0);
  const gateway = isExposed && stack.infrastructure.cluster?.gateway !== undefined;
  const containers = Object.values(stack.services).flatMap((service) => Object.values(joinedContainers(service)));
  return runtimes(placeOf(stack)).observe({
    images: [],
    ports: portRanges(stack),
    ...(containers.length > 0 && { containers: [...new Set(containers)] }),
    gateway,
    api: asksOfEngine(stack),
    ...questions,
  });
}

/** Adds images, fingerprints of secrets, and the state of the load balancer. */
export async function completeObservation(
  { runtimes, secrets }: ObserveDependencies,
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

/** State of the load balancer; undefined if none runs. An error is not caught: it must not look like a missing one. */
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
  const shared = stack.front?.shared;
  return [
    ...Object.values(stack.services).flatMap((service) =>
      service.ports.map(({ published }) => published ?? stack.infrastructure.portRange),
    ),
    ...(shared ? [shared.port, shared.tlsPort ?? shared.port].map((port) => ({ from: port, to: port })) : []),
  ];
}

/** Secrets that a service, a network, a volume, the load balancer or an Ingress uses. Others need not exist. */
function usedSecrets(stack: Stack): Stack['secrets'] {
  const services = Object.values(stack.services);
  const ofIngress = services.flatMap(({ ingress }) =>
    certificatesOf(ingress).flatMap(({ certificate, key }) => [certificate, key]),
  );
  const used = [
    ...services.flatMap(({ secrets }) => secrets),
    ...secretsOfDrivers(stack),
    ...(stack.front?.certificates ?? []),
    ...ofIngress,
  ];
  const names = new Set(used.map(({ name }) => name));
  return Object.fromEntries(Object.entries(stack.secrets).filter(([name]) => names.has(name)));
}

/** Names of secrets that are used as variables. */
function variablesOf({ services }: Stack): Set<string> {
  return new Set(
    Object.values(services).flatMap(({ secrets }) =>
      secrets.flatMap(({ name, target }) => ('environment' in target ? [name] : [])),
    ),
  );
}

/** A kept release uses the images it had, even if their tags have moved. */
async function findImages(runtime: Runtime, stack: Stack, pinned: PinnedImages): Promise<Observation['images']> {
  const references = [...new Set(Object.values(stack.services).flatMap(imagesOf))];
  const { images } = runtime;
  if (!images) return [];
  const found = await images.find(references.map((reference) => pinned[reference]?.id ?? reference));
  return found.map((image, index) => ({ ...image, reference: references[index]! }));
}
