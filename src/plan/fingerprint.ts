import type { Service, Stack } from '../config/stack';
import type { IngressRoute } from '../model/instance';
import { canonical, contentHash, quickHash } from './hash';
import type { Known } from './known';

export interface Fingerprint {
  hash: string;
  keys: Record<string, string>;
}

/**
 * What makes a running instance of a service out of date: a hash, and one for each key of the stack file.
 * Images count by content address and secrets by the worker's keyed fingerprint. Keys that only steer a
 * deployment (dependencies, health checks, hooks, grace periods) replace nothing, except where pods carry them.
 */
export function fingerprint(service: Service, stack: Stack, known: Known): Fingerprint {
  const values: Record<string, unknown> = {
    image: service.image && (known.imageId(service.image) || service.image),
    entrypoint: service.entrypoint,
    command: service.command,
    working_dir: service.workingDir,
    user: service.user,
    environment: service.variables,
    env_file: service.envFiles.map((file) => [file, known.secret(`env_file:${file}`)]),
    secrets: service.secrets.map(({ name, target }) => [name, target, known.secret(name)]),
    configs: service.configs.map(({ name, path, mode }) => [path, mode, stack.configs[name]?.content]),
    ports: service.ports,
    volumes: service.mounts.map((mount) => (mount.type === 'volume' ? [mount, stack.volumes[mount.volume]?.name] : { ...mount, relative: undefined })),
    networks: Object.entries(service.networks).map(([name, options]) => [name, options, stack.networks[name]?.name]),
    resources: { reserve: service.reserve, limit: service.limit },
    restart: service.restart,
    stop_signal: service.stopSignal,
    labels: service.labels,
    logging: service.logging,
    init: service.init,
    shm_size: service.shmSize,
    tmpfs: service.tmpfs,
    cap_add: service.capAdd,
    cap_drop: service.capDrop,
    read_only: service.readOnly,
    extra_hosts: service.extraHosts,
    network_mode: stack.infrastructure.networkMode,
    ...(stack.runtime === 'kubernetes' && ofPods(service, stack, known)),
  };
  const texts = Object.entries(values).flatMap(([key, value]) => (isDefault(value) ? [] : [[key, canonical(value)] as const]));
  return {
    hash: contentHash(texts.map(([key, text]) => `${key}=${text}`).join('\n')),
    keys: Object.fromEntries(texts.map(([key, text]) => [key, quickHash(text)])),
  };
}

/** What a cluster does by itself stands in its pods, or beside them. */
function ofPods(service: Service, { infrastructure, networks }: Stack, known: Known): Record<string, unknown> {
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

/** Where a secret comes from says nothing of what it is. */
function ofCertificate(tls: NonNullable<IngressRoute['tls']>, known: Known): unknown {
  if (tls === true || 'secret' in tls) return tls;
  return [tls.certificate, tls.key].map(({ name }) => [name, known.secret(name)]);
}

function isDefault(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === undefined || value === false || value === null;
  return Object.keys(value).length === 0;
}
