import { hasWorkloads } from '../../model/runtimes';
import { containerOptions, optionNames } from '../../model/container-options';
import type { Service, Stack } from '../../model/stack';
import type { IngressRoute } from '../../model/instance';
import { canonical, contentHash, quickHash } from './hash';
import type { ObservationIndex } from '../observation-index';

type Secrets = Pick<ObservationIndex, 'secret' | 'imageId'>;

export interface Fingerprint {
  hash: string;
  keys: Record<string, string>;
}

/**
 * The fingerprint of a service: a hash, and one for each key of the stack file. An instance with another hash is out of
 * date. Images count by content address, and secrets by the worker's keyed fingerprint. Keys that only steer a
 * deployment (dependencies, hooks, grace periods) do not count, unless they are part of pods. Health checks are
 * compared directly.
 *
 * Version 0.1 hashed secrets without their final line end. An instance, or the last run of a job, with such a hash is
 * up to date: an upgrade of the engine replaces nothing.
 */
export function fingerprint(
  service: Service,
  stack: Stack,
  known: ObservationIndex,
  ran: (string | undefined)[] = [],
): Fingerprint {
  const now = printOf(service, stack, known);
  const held = [...ran, ...known.instancesOf(service.name).map(({ hash }) => hash)];
  if (held.every((hash) => hash === undefined || hash === now.hash)) return now;
  if (!namesOf(service).some((name) => known.earlierSecret(name) !== undefined)) return now;
  const earlier = printOf(service, stack, known.asEarlier());
  return held.includes(earlier.hash) ? earlier : now;
}

/** Names of the secrets in the hash of a service. */
function namesOf({ secrets, ingress = [] }: Service): string[] {
  const certificates = ingress.flatMap(({ tls }) =>
    typeof tls === 'object' && 'certificate' in tls ? [tls.certificate, tls.key] : [],
  );
  return [...secrets, ...certificates].map(({ name }) => name);
}

function printOf(service: Service, stack: Stack, known: Secrets): Fingerprint {
  const ofEnvFiles = service.secrets.filter(({ target }) => 'variables' in target);
  const others = service.secrets.filter(({ target }) => !('variables' in target));
  const special: Partial<Record<FirstKey, unknown>> = {
    image: service.image && (known.imageId(service.image) || service.image),
    env_file: [
      ...service.envFiles.map((file) => [file, known.secret(`env_file:${file}`)]),
      ...ofEnvFiles.map(({ name }) => [name, known.secret(name)]),
    ],
    secrets: others.map(({ name, target }) => [name, target, known.secret(name)]),
    configs: service.configs.map(({ name, path, mode, uid, gid }) => [
      path,
      mode,
      stack.configs[name]?.content,
      ...(uid === undefined && gid === undefined ? [] : [uid ?? 0, gid ?? 0]),
    ]),
    ports: service.ports,
    volumes: service.mounts.flatMap((mount): unknown[] => {
      if (mount.type === 'image') return [{ ...mount, image: known.imageId(mount.image) || mount.image }];
      if (mount.type !== 'volume') return [{ ...mount, relative: undefined, create: undefined }];
      return mount.ofImage ? [] : [[mount, stack.volumes[mount.volume]?.name]];
    }),
    networks: Object.entries(service.networks).map(([name, options]) => [name, options, stack.networks[name]?.name]),
    resources: { reserve: service.reserve, limit: service.limit },
    network_mode: service.networkMode ?? stack.infrastructure.networkMode,
    ...(hasWorkloads(stack) && ofPods(service, stack, known)),
  };
  const texts: [key: string, text: string][] = [];
  for (const { key, option } of order) {
    const value = option && !(key in special) ? service[option] : special[key as FirstKey];
    if (!isDefault(value)) texts.push([key, canonical(value)]);
  }
  return {
    hash: contentHash(texts.map(([key, text]) => `${key}=${text}`).join('\n')),
    keys: Object.fromEntries(texts.map(([key, text]) => [key, quickHash(text)])),
  };
}

/** The first keys, in hash order: another order would replace all instances. */
const firstKeys = [
  'image',
  'entrypoint',
  'command',
  'working_dir',
  'user',
  'environment',
  'env_file',
  'secrets',
  'configs',
  'ports',
  'volumes',
  'networks',
  'resources',
  'restart',
  'stop_signal',
  'labels',
  'logging',
  'init',
  'shm_size',
  'tmpfs',
  'cap_add',
  'cap_drop',
  'read_only',
  'extra_hosts',
  'network_mode',
  'health_disabled',
  'health_check',
  'stop_grace_period',
  'hooks',
  'pull_policy',
  'zone',
  'expose',
  'kubernetes',
  'isolated',
] as const;
type FirstKey = (typeof firstKeys)[number];

/** Options whose change replaces an instance. `reserve` and `limit` count together, as `resources`. */
const replacing = optionNames.filter(
  (name) => containerOptions[name].replaces !== false && name !== 'reserve' && name !== 'limit',
);
const optionOf = new Map(replacing.map((name) => [containerOptions[name].key, name]));
/** All keys in the order of the hash, with the option that they show. */
const order = [...new Set<string>([...firstKeys, ...[...optionOf.keys()].sort()])].map((key) => {
  return { key, option: optionOf.get(key) };
});

/** Keys that are part of pods, or of objects beside them, on a cluster. */
function ofPods(
  service: Service,
  { infrastructure, networks }: Stack,
  known: Secrets,
): Partial<Record<FirstKey, unknown>> {
  return {
    health_check: service.healthCheck,
    stop_grace_period: service.stopGraceMs,
    hooks: service.hooks.preStop,
    pull_policy: service.pullPolicy,
    zone: service.zone,
    expose: service.ingress?.map((route) => ({ ...route, ...(route.tls && { tls: ofCertificate(route.tls, known) }) })),
    kubernetes: infrastructure.cluster,
    isolated: Object.keys(networks).length > 0,
  };
}

/** A secret counts by its content, not by its source. */
function ofCertificate(tls: NonNullable<IngressRoute['tls']>, known: Secrets): unknown {
  if (tls === true || 'secret' in tls) return tls;
  return [tls.certificate, tls.key].map(({ name }) => [name, known.secret(name)]);
}

function isDefault(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === undefined || value === false || value === null;
  return Object.keys(value).length === 0;
}
