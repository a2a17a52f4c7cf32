import { resolve } from 'node:path';
import { mapValues } from '../../model/map-values';
import type { RuntimeName } from '../../model/runtimes';
import type { ImageBuild } from '../image-build';
import { bare } from '../read/bare';
import { StackFileError, type Finding } from '../problems';
import type { StackFile } from '../schema/stack-file';
import { toBytes, toMs } from '../schema/values';
import type { ServiceInput } from '../schema/service';
import { outsideClusters, reachesClusters, runtimeAmong, runtimeOf } from '../../model/stack/runtime-of';
import type { Service, Stack } from '../../model/stack';
import { balancerName, sharedNetwork } from '../../model/traffic';
import { toCluster } from './cluster';
import { toDeployment } from './deployment';
import { toHosts } from './hosts';
import { toFront } from './load-balancer';
import { withReplicaVolumes } from './replica-volumes';
import { toRange } from './service/ports';
import { toSchedules } from './schedules';
import { toSecretSource } from './secrets';
import { toSecurity } from './security';
import { toService } from './service';
import { toSubscribers } from './subscribers';
import { toTriggers } from './triggers';
import { toWatch } from './watch';
import { sharingNamespaces, toNetworkOptions } from './networks';
import { toImageBuild, type BuildContext } from './service/build';
import { attemptInto, Malformed, toAssignments, type Attempt } from './words';

export interface NormaliseContext {
  baseDir: string;
  environment?: string;
  variables: Record<string, string>;
  /** The value of a secret for builds, a variable of this machine; undefined if it is not set. */
  secretValue: BuildContext['secretValue'];
  /** Reads a file whose content is stored with the release. */
  readFile: (path: string) => string;
}

export interface Normalised {
  stack: Stack;
  /** Images that the client builds, by service. */
  builds: Record<string, ImageBuild>;
  findings: Finding[];
}

/** Turns a stack file that fits the schema into a stack: expands short forms and fills in defaults. */
export function normalise(file: StackFile, context: NormaliseContext): Normalised {
  const findings: Finding[] = [];
  const attempt = attemptInto(findings);
  const { infrastructure = {}, deployment = {} } = file;
  const builds = toImageBuilds(file, context, attempt);
  const secrets = changed(withoutSecretsOfBuilds(file), (secret, name) =>
    attempt(['secrets', name], () => toSecretSource(name, secret, context.baseDir), { environment: '' }),
  );
  const runtime = toRuntime(infrastructure);
  const hosts = toHosts(infrastructure.hosts, runtime);
  const watch = toWatch(file.watch);
  const security = toSecurity(file.security ?? {});
  const subscribers = toSubscribers(file.subscribers, secrets, attempt);
  const triggers = toTriggers(file, secrets, attempt);
  const healthCheckIntervalMs = toMs(deployment.health_check_interval ?? 30);
  const sharing = sharingNamespaces(file.services);

  const stack: Stack = {
    name: file.name,
    version: String(file.version ?? ''),
    environment: context.environment ?? file.environment ?? 'production',
    dryRun: file.dry_run ?? false,
    runtime,
    infrastructure: {
      networkMode: infrastructure.network?.mode === 'Host' ? 'host' : 'bridge',
      cidr: infrastructure.network?.cidr,
      portRange: attempt(['infrastructure', 'port_range'], () => toRange(infrastructure.port_range ?? '20000-29999'), {
        from: 20_000,
        to: 29_999,
      }),
      dataDir: infrastructure.storage?.data_dir,
      ...(reachesClusters({ runtime, hosts }) && { cluster: toCluster(infrastructure.kubernetes) }),
    },
    ...(hosts && { hosts }),
    deployment: toDeployment(deployment, attempt),
    networks: changed(file.networks, (network, name) => ({
      name: network?.name,
      cidr: network?.cidr,
      external: network?.external ?? false,
      internal: network?.internal ?? false,
      ...(network && attempt(['networks', name], () => toNetworkOptions(network), {})),
    })),
    volumes: changed(file.volumes, (volume, name) => ({
      name: volume?.name,
      external: volume?.external ?? false,
      shared: volume?.shared ?? false,
      ...(volume?.size !== undefined && { size: toBytes(volume.size) }),
      ...(volume?.storage_class !== undefined && { storageClass: volume.storage_class }),
      ...(volume?.driver !== undefined && volume.driver !== 'local' && { driver: volume.driver }),
      ...(volume && attempt(['volumes', name], () => toVolumeOptions(volume), {})),
    })),
    configs: changed(file.configs, (config, name) => ({
      content: attempt(['configs', name], () => contentOf(config, context), ''),
    })),
    secrets,
    services: changed(file.services, (given, name) => {
      const input = inPhase(given, deployment.phases);
      const ownRuntime = runtimeAmong(input, { runtime, hosts });
      const service = toService(name, input, {
        stack: file.name,
        baseDir: context.baseDir,
        healthCheckIntervalMs,
        runtime: ownRuntime,
        secrets,
        shared: (volume) => file.volumes?.[volume]?.shared ?? false,
        sharesNamespace: sharing.has(name),
        input: (other) => file.services[other],
        readFile: (path) => contentOfFile(path, context),
        attempt: (key, parse, fallback) => attempt(['services', name, ...key], parse, fallback),
      });
      return ownRuntime === runtime ? service : { ...service, runtime: ownRuntime };
    }),
    schedules: toSchedules(file, attempt),
    ...(watch && { watch }),
    ...(subscribers && { subscribers }),
    ...(triggers && { triggers }),
    ...(security && { security }),
    variables: context.variables,
    ...(file.monitoring?.prometheus && { prometheus: file.monitoring.prometheus.endpoint }),
  };
  stack.volumes = withReplicaVolumes(stack);
  const offCluster = Object.fromEntries(
    Object.entries(file.services).filter(([name]) => runtimeOf(stack.services[name]!, stack) !== 'kubernetes'),
  );
  const outside = outsideClusters(runtime);
  const front = toFront(offCluster, stack.services, {
    place: { stack: stack.name, environment: stack.environment },
    settings: infrastructure.load_balancer ?? {},
    secrets,
    runtime: outside,
    internal: new Set(Object.keys(stack.networks).filter((name) => stack.networks[name]!.internal)),
    attempt,
  });
  if (!front) return { stack, builds, findings };
  const balancer: Service = { ...front.balancer, ...(outside !== runtime && { runtime: outside }) };
  const networks = front.front.shared
    ? bare({ ...stack.networks, [sharedNetwork]: { external: false, internal: true } })
    : stack.networks;
  return {
    stack: { ...stack, networks, front: front.front, services: { ...stack.services, [balancerName]: balancer } },
    builds,
    findings,
  };
}

function toImageBuilds(
  file: StackFile,
  { baseDir, secretValue }: NormaliseContext,
  attempt: Attempt,
): Record<string, ImageBuild> {
  const { name: stack, secrets = {} } = file;
  const built = Object.entries(file.services).flatMap(([name, input]) =>
    input.build === undefined
      ? []
      : attempt(
          ['services', name, 'build'],
          () => [[name, toImageBuild(name, input, { stack, baseDir, secrets, secretValue })] as const],
          [],
        ),
  );
  return bare(Object.fromEntries(built));
}

/** The secrets of the stack: those that only builds take stay on this machine. */
function withoutSecretsOfBuilds({ secrets = {}, services }: StackFile): NonNullable<StackFile['secrets']> {
  const namesOf = (uses: readonly (string | { source: string })[] = []) =>
    uses.map((use) => (typeof use === 'string' ? use : use.source));
  const all = Object.values(services);
  const ofBuilds = all.flatMap(({ build }) => (typeof build === 'object' ? namesOf(build.secrets) : []));
  const ofServices = new Set(all.flatMap((service) => namesOf(service.secrets)));
  const onlyBuilds = new Set(ofBuilds.filter((name) => !ofServices.has(name)));
  return Object.fromEntries(Object.entries(secrets).filter(([name]) => !onlyBuilds.has(name)));
}

/** Applies the host of a phase to its services without their own `host` or `zone`. */
function inPhase(input: ServiceInput, phases: NonNullable<StackFile['deployment']>['phases'] = {}): ServiceInput {
  const host =
    input.phase === undefined || input.host !== undefined || input.zone !== undefined
      ? undefined
      : phases[input.phase]?.host;
  return host === undefined ? input : { ...input, host };
}

function toRuntime(infrastructure: NonNullable<StackFile['infrastructure']>): RuntimeName {
  if (infrastructure.container_runtime === 'Memory') return 'memory';
  if (infrastructure.orchestrator === 'Kubernetes') return 'kubernetes';
  return infrastructure.container_runtime === 'Process' || infrastructure.orchestrator === 'Process'
    ? 'process'
    : 'docker';
}

function contentOf(config: { file?: string; content?: string }, context: NormaliseContext): string {
  if ((config.file === undefined) === (config.content === undefined))
    throw new Malformed('needs exactly one of file and content');
  return config.content ?? contentOfFile(config.file!, context);
}

function toVolumeOptions({ driver_opts: options, labels }: NonNullable<NonNullable<StackFile['volumes']>[string]>) {
  return {
    ...(options && { driverOptions: toAssignments(options) }),
    ...(labels && { labels: toAssignments(labels) }),
  };
}

/** @throws Malformed if it cannot be read */
function contentOfFile(path: string, { baseDir, readFile }: NormaliseContext): string {
  try {
    return readFile(resolve(baseDir, path));
  } catch (error) {
    throw error instanceof StackFileError ? new Malformed(error.message) : error;
  }
}

function changed<T, U>(record: Record<string, T> | undefined, change: (value: T, key: string) => U): Record<string, U> {
  return bare(mapValues(record ?? {}, change));
}
