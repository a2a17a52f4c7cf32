/** Types about instances that all rooms share. */

import type { ContainerOptions, HealthCheck, Mount, EndpointSettings, RestartPolicy } from './container';
import type { Joined, OfContainer, OfNetwork, OfService } from './namespaces';
import type { ConfigFile, ConfigReference, FileTarget, SecretMount } from './secrets';
import type { Workload } from './workload';

export * from './container';
export * from './namespaces';
export * from './secrets';
export * from './workload';

export type InstanceKind = 'service' | 'job';

export type Protocol = 'tcp' | 'udp' | 'sctp';

export interface PortBinding {
  container: number;
  /** 0 until the planner has allocated one from a range. */
  host: number;
  hostIp?: string;
  protocol: Protocol;
}

export interface NetworkAttachment {
  name: string;
  aliases: string[];
  /** Names that only this instance knows: the name that each means. */
  links?: Record<string, string>;
  settings?: EndpointSettings;
}

/**
 * `bridge`: networks of the stack; `host`: the network of the host; `none`: no network; `service:NAME`: the network of
 * another service's instance; `container:NAME`: the network of a container outside the stack; `network:NAME`: a network
 * of the engine, without names on it.
 */
export type NetworkMode = 'bridge' | 'host' | 'none' | OfService | OfContainer | OfNetwork;

/** What a runtime needs to start one instance; plain data, no secret values. */
export interface InstanceSpec extends ContainerOptions {
  name: string;
  stack: string;
  environment: string;
  service: string;
  ordinal: number;
  deployment: number;
  release: number;
  phase: number;
  kind: InstanceKind;
  image?: string;
  imageId?: string;
  files: ConfigFile[];
  /** Folders to create before its files, writable by its user. */
  folders?: FileTarget[];
  ports: PortBinding[];
  mounts: Mount[];
  networks: NetworkAttachment[];
  /** Its network names once it is in service, if they differ from those it starts with. */
  names?: NetworkAttachment[];
  /** Keep its addresses when its names move, so that no connection breaks. */
  keepsAddress?: boolean;
  networkMode: NetworkMode;
  /** Names of the instances whose namespaces it joins. */
  joins?: Joined;
  /** Prevent processes from gaining privileges through setuid programs. */
  noNewPrivileges?: boolean;
  preStop?: string[];
  /** Sealed secrets that `preStop` refers to. */
  preStopSecrets?: SecretMount[];
  /** An end with exit code 0 completes it. */
  mayComplete?: true;
  /** A load balancer that gets a certificate by itself: the names in it. It starts with the one that is there. */
  certified?: string[];
  /** On a cluster only. */
  workload?: Workload;
  /** Fingerprint: if it differs from the running instance's, the instance is replaced. */
  hash: string;
  /** A fingerprint per key, so that a plan can say which keys changed. */
  keys: Record<string, string>;
}

/** An instance as workflows pass it to activities: large configs by name, so that their contents travel once. */
export type InstanceByReference = Omit<InstanceSpec, 'files'> & { files: (ConfigFile | ConfigReference)[] };

/** Identifies one instance, with the settings needed to stop it and start it again. */
export interface InstanceRef {
  name: string;
  service: string;
  ordinal: number;
  restart: RestartPolicy;
  stopGraceMs: number;
  healthCheck?: HealthCheck;
  preStop?: string[];
  /** Sealed secrets that `preStop` refers to. */
  preStopSecrets?: SecretMount[];
  /** An end with exit code 0 completes it. */
  mayComplete?: true;
}
