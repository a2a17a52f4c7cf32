import { resolve } from 'node:path';
import type { RuntimeName } from '../../model/runtimes';
import type { FileTarget, ResourceAmounts, RestartPolicy, SecretMount, SecretSource } from '../../model/instance';
import type { ServiceInput } from '../schema/service';
import { toBytes, toMode, toMs } from '../schema/values';
import type { DependencyCondition, Service, ServiceMount, ServicePort } from '../../model/stack';
import { toAmounts } from './amounts';
import { toIngress } from './cluster';
import { toHealth } from './health-check';
import { toMount } from './mounts';
import { toPort } from './ports';
import { toStrategy } from './strategy';
import { type Attempt, Malformed, toAssignments, toShell, toWords } from './words';

/** Parts of the file that the normalisation of a service needs. */
export interface ServiceContext {
  baseDir: string;
  healthCheckIntervalMs: number;
  /** Runtime of the service. Processes need a working folder; default that of the stack file. */
  runtime: RuntimeName;
  secrets: Record<string, SecretSource>;
  /** Whether several instances may write to a volume at once. */
  shared: (volume: string) => boolean;
  /** Finds a dependency, to choose its condition if `depends_on` is a list. */
  input: (name: string) => ServiceInput | undefined;
  /** Runs a parser, and turns {@link Malformed} into a finding at the key. */
  attempt: Attempt;
}

/** Normalises an entry of `services`: expands short forms and fills in defaults. */
export function toService(name: string, input: ServiceInput, context: ServiceContext): Service {
  const { attempt, baseDir } = context;
  const kind = input.kind ?? 'service';
  const resources = toResources(input.resources);
  const given = (input.ports ?? []).flatMap((port, index) => attempt(['ports', index], () => [toPort(port)], []));
  const isProcess = context.runtime === 'process';
  const ports = isProcess ? withExposed(given, input) : given;
  const mounts = (input.volumes ?? []).flatMap((mount, index) =>
    attempt(['volumes', index], () => [toMount(mount, baseDir)], []),
  );
  const defaultStrategy = rollsByDefault(input, context, ports, mounts) ? 'rolling' : 'recreate';
  return {
    name,
    kind,
    image: input.image,
    pullPolicy: input.pull_policy ?? 'missing',
    entrypoint:
      input.entrypoint === undefined ? undefined : attempt(['entrypoint'], () => toWords(input.entrypoint!), []),
    command: input.command === undefined ? undefined : attempt(['command'], () => toWords(input.command!), []),
    workingDir: isProcess ? resolve(baseDir, input.working_dir ?? '.') : input.working_dir,
    user: input.user === undefined ? undefined : String(input.user),
    variables: attempt(['environment'], () => toVariables(input.environment), {}),
    envFiles: toList(input.env_file).map((file) => resolve(baseDir, file)),
    ports,
    mounts,
    configs: attempt(['configs'], () => toConfigs(input.configs), []),
    secrets: (input.secrets ?? []).flatMap((secret, index) =>
      attempt(['secrets', index], () => [toSecret(secret, context.secrets)], []),
    ),
    networks: toNetworks(input.networks),
    dependsOn: toDependencies(input.depends_on, context.input),
    ...attempt(['health_check'], () => toHealth(input.health_check, context.healthCheckIntervalMs), {}),
    replicas: input.replicas ?? 1,
    ...(context.runtime === 'kubernetes' &&
      kind === 'service' &&
      input.replicas === undefined &&
      mayRunTwice([], mounts, context.shared) && { autoscaled: true as const }),
    ...resources,
    restart: (input.restart as RestartPolicy | undefined) ?? (kind === 'job' ? 'no' : 'unless-stopped'),
    stopSignal: input.stop_signal,
    stopGraceMs: toMs(input.stop_grace_period ?? 10),
    labels: attempt(['labels'], () => toAssignments(input.labels), {}),
    phase: input.phase,
    strategy: attempt(['strategy'], () => toStrategy(input.strategy, input.replicas ?? 1, defaultStrategy), {
      kind: 'recreate',
    }),
    ...(input.expose && { drainMs: toMs(input.drain_timeout ?? 30) }),
    hooks: {
      postStart: input.hooks?.post_start === undefined ? undefined : toShell(input.hooks.post_start),
      preStop: input.hooks?.pre_stop === undefined ? undefined : toShell(input.hooks.pre_stop),
    },
    onFailure: input.on_failure ?? 'rollback',
    logging: input.logging && { driver: input.logging.driver, options: toAssignments(input.logging.options) },
    init: input.init ?? false,
    shmSize: input.shm_size === undefined ? undefined : toBytes(input.shm_size),
    tmpfs: toList(input.tmpfs),
    capAdd: input.cap_add ?? [],
    capDrop: input.cap_drop ?? [],
    readOnly: input.read_only ?? false,
    extraHosts: Object.entries(attempt(['extra_hosts'], () => toAssignments(input.extra_hosts, ':'), {})).map(
      ([host, ip]) => `${host}:${ip}`,
    ),
    ...(input.expose &&
      context.runtime === 'kubernetes' && {
        ingress: attempt(['expose'], () => toIngress(input, context.secrets), []),
      }),
    ...(input.zone !== undefined && { zone: input.zone }),
    ...(input.host !== undefined && { host: input.host }),
    run: input.run ?? 'on_change',
    timeoutMs: input.timeout === undefined ? undefined : toMs(input.timeout),
    onRollback:
      typeof input.on_rollback === 'object'
        ? { command: toWords(input.on_rollback.command) }
        : (input.on_rollback ?? 'keep'),
  };
}

/**
 * Adds ports that the engine allocates for an exposed process, so that two versions can run side by side. The first
 * port becomes `$PORT`.
 */
function withExposed(ports: ServicePort[], input: ServiceInput): ServicePort[] {
  const exposed = [...new Set([input.expose ?? []].flat().map(({ port }) => port))];
  const own = exposed.map(
    (port): ServicePort => ports.find(({ container }) => container === port) ?? { container: port, protocol: 'tcp' },
  );
  return [...own, ...ports.filter((port) => !own.includes(port))];
}

/** Exposed services roll so that no request is lost; on a cluster, services roll if their health can be checked. */
function rollsByDefault(
  input: ServiceInput,
  { runtime, shared }: ServiceContext,
  ports: ServicePort[],
  mounts: ServiceMount[],
): boolean {
  if (runtime === 'kubernetes')
    return input.health_check !== undefined && input.kind !== 'job' && mayRunTwice([], mounts, shared);
  return input.expose !== undefined && mayRunTwice(ports, mounts, shared);
}

/** True unless a fixed host port or a volume with a single writer prevents a second instance. */
function mayRunTwice(ports: ServicePort[], mounts: ServiceMount[], shared: ServiceContext['shared']): boolean {
  return (
    !ports.some(({ published }) => published && published.from === published.to) &&
    !mounts.some((mount) => mount.type === 'volume' && !mount.readOnly && !shared(mount.volume))
  );
}

function toList(input: string | string[] | undefined): string[] {
  return input === undefined ? [] : [input].flat();
}

/** Rejects invalid variables here, because the error of Docker would contain their values. */
function toVariables(input: ServiceInput['environment']): Record<string, string> {
  const variables = toAssignments(input);
  for (const [name, value] of Object.entries(variables)) {
    if (!/^[^=\s]+$/.test(name) || hasControlCharacter(name))
      throw new Malformed(
        `${JSON.stringify(name)} is not a valid variable name; use letters, digits and _, such as LOG_LEVEL`,
      );
    if (value.includes('\0')) throw new Malformed(`${name} contains a NUL character; remove it`);
  }
  return variables;
}

type FileUse = { mode?: string | number; uid?: number; gid?: number };

function toConfigs(input: ServiceInput['configs']): Service['configs'] {
  const uses = Array.isArray(input)
    ? input
    : Object.entries(input ?? {}).map(([source, target]) => ({ source, target }));
  return uses.map((item) => {
    const use: FileUse & { source: string; target?: string } = typeof item === 'string' ? { source: item } : item;
    return { name: use.source, ...toFile(use.target ?? `/${use.source}`, use) };
  });
}

function toSecret(
  input: NonNullable<ServiceInput['secrets']>[number],
  secrets: Record<string, SecretSource>,
): SecretMount {
  const use = typeof input === 'string' ? { source: input } : input;
  const source = secrets[use.source];
  if (!source)
    throw new Malformed(
      `the secret "${use.source}" is not declared; add it under the top-level secrets with file or environment`,
    );
  if (use.environment !== undefined)
    return { name: use.source, source, target: { environment: toVariable(use.environment, use) } };
  const path = use.target ?? use.source;
  return { name: use.source, source, target: toFile(path.startsWith('/') ? path : `/run/secrets/${path}`, use) };
}

/** Rejects the options of files: a variable has no owner and no mode. */
function toVariable(name: string, { target, mode, uid, gid }: FileUse & { target?: string }): string {
  const ofFile = Object.entries({ target, mode, uid, gid }).find(([, value]) => value !== undefined);
  if (ofFile) throw new Malformed(`has both environment and ${ofFile[0]}, which is for files; keep one of the two`);
  return name;
}

/** Target of a file: absolute, or relative to the folder of a process. */
function toFile(path: string, { mode, uid, gid }: FileUse): FileTarget {
  const isPlain = path
    .replace(/^\//, '')
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..');
  if (!isPlain || hasControlCharacter(path))
    throw new Malformed(
      `${JSON.stringify(path)} is not a valid file path; write one such as ` +
        '/etc/app/key.pem, without ., .. and empty parts',
    );
  return {
    path,
    mode: mode === undefined ? 0o444 : toMode(mode),
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  };
}

function hasControlCharacter(text: string): boolean {
  return Array.from(text).some((character) => character < ' ' || character === '\u007f');
}

function toNetworks(input: ServiceInput['networks']): Service['networks'] {
  if (!input) return { default: { aliases: [] } };
  if (Array.isArray(input)) return Object.fromEntries(input.map((name) => [name, { aliases: [] }]));
  return Object.fromEntries(
    Object.entries(input).map(([name, options]) => [name, { aliases: options?.aliases ?? [] }]),
  );
}

function toDependencies(
  input: ServiceInput['depends_on'],
  find: ServiceContext['input'],
): Record<string, DependencyCondition> {
  if (!input) return {};
  if (!Array.isArray(input)) return input;
  return Object.fromEntries(input.map((name) => [name, strongestCondition(find(name))]));
}

/** The strongest condition that a service can meet. */
function strongestCondition(dependency: ServiceInput | undefined): DependencyCondition {
  if (dependency?.kind === 'job') return 'completed';
  return dependency?.health_check ? 'healthy' : 'started';
}

function toResources(input: ServiceInput['resources']): { reserve: ResourceAmounts; limit: ResourceAmounts } {
  const { reserve, limit, ...flat } = input ?? {};
  return { reserve: { ...toAmounts(flat), ...toAmounts(reserve) }, limit: { ...toAmounts(flat), ...toAmounts(limit) } };
}
