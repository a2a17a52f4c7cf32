import type { Service, Stack } from '../config/stack';
import type { Observation } from '../model/observation';
import { canonical, contentHash, quickHash } from './hash';

export interface Fingerprint {
  hash: string;
  keys: Record<string, string>;
}

/**
 * What makes a running instance of a service out of date: a hash, and one for each key of the stack file.
 * Images count by content address and secrets by the worker's keyed fingerprint. Keys that only steer a
 * deployment (dependencies, health checks, hooks, grace periods) replace nothing.
 */
export function fingerprint(service: Service, stack: Stack, observation: Observation): Fingerprint {
  const values: Record<string, unknown> = {
    image: service.image && (imageId(service.image, observation) || service.image),
    entrypoint: service.entrypoint,
    command: service.command,
    working_dir: service.workingDir,
    user: service.user,
    environment: service.variables,
    env_file: service.envFiles.map((file) => [file, observation.secrets[`env_file:${file}`]]),
    secrets: service.secrets.map(({ name, target }) => [name, target, observation.secrets[name]]),
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
  };
  const texts = Object.entries(values)
    .map(([key, value]) => [key, canonical(value)] as const)
    .filter(([, text]) => !['null', '[]', '{}', 'false'].includes(text));
  return {
    hash: contentHash(texts.map(([key, text]) => `${key}=${text}`).join('\n')),
    keys: Object.fromEntries(texts.map(([key, text]) => [key, quickHash(text)])),
  };
}

/** Content address of an image on the host; empty where it is not there yet. */
export function imageId(reference: string, observation: Observation): string {
  return observation.images.find((image) => image.reference === reference)?.id ?? '';
}
