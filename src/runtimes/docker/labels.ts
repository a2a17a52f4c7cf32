import type { HealthCheck, InstanceKind, InstanceSpec, NetworkAttachment, PortBinding, ResourceAmounts, RestartPolicy } from '../../model/instance';
import type { Scope, VolumeRequest } from '../runtime';

const prefix = 'deploy-code.';

/** Our labels of a scope: on everything that is made, and what listings filter by. */
export function scopeLabels({ stack, environment }: Scope): Record<string, string> {
  return { [`${prefix}stack`]: stack, [`${prefix}environment`]: environment };
}

export function project({ stack, environment }: Scope): string {
  return `${stack}-${environment}`;
}

/** Compose's own labels, so that `docker compose ls` and `ps` show the stack. Never on volumes: `down -v` would take them. */
export function composeLabels(spec: InstanceSpec): Record<string, string> {
  return {
    'com.docker.compose.project': project(spec),
    'com.docker.compose.service': spec.service,
    'com.docker.compose.container-number': String(spec.ordinal),
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.config-hash': spec.hash,
    'com.docker.compose.version': '2.40.0',
  };
}

export function instanceLabels(spec: InstanceSpec): Record<string, string> {
  const json: Record<string, unknown> = { keys: spec.keys, ports: spec.ports, reserve: spec.reserve, health: spec.healthCheck, 'pre-stop': spec.preStop, names: spec.names ?? (spec.networks.length > 0 ? spec.networks : undefined) };
  const texts: Record<string, string | number> = {
    service: spec.service, ordinal: spec.ordinal, deployment: spec.deployment, release: spec.release, phase: spec.phase,
    kind: spec.kind, hash: spec.hash, restart: spec.restart, 'stop-grace': spec.stopGraceMs,
  };
  for (const [key, value] of Object.entries(json)) if (value !== undefined) texts[key] = JSON.stringify(value);
  return { ...scopeLabels(spec), ...Object.fromEntries(Object.entries(texts).map(([key, value]) => [prefix + key, String(value)])) };
}

/** What the labels of a container say about its instance. */
export interface LabelledInstance {
  service: string;
  ordinal: number;
  deployment: number;
  release: number;
  phase: number;
  kind: InstanceKind;
  hash: string;
  keys: Record<string, string>;
  restart: RestartPolicy;
  stopGraceMs: number;
  ports: PortBinding[];
  reserve: ResourceAmounts;
  healthCheck?: HealthCheck;
  preStop?: string[];
  names?: NetworkAttachment[];
}

export function readLabels(labels: Record<string, string>): LabelledInstance {
  const text = (key: string) => labels[prefix + key] ?? '';
  const json = <T>(key: string, fallback: T): T => (text(key) ? (JSON.parse(text(key)) as T) : fallback);
  return {
    service: text('service'),
    ordinal: Number(text('ordinal')),
    deployment: Number(text('deployment')),
    release: Number(text('release')),
    phase: Number(text('phase')),
    kind: text('kind') as InstanceKind,
    hash: text('hash'),
    keys: json('keys', {}),
    restart: text('restart') as RestartPolicy,
    stopGraceMs: Number(text('stop-grace')),
    ports: json('ports', []),
    reserve: json('reserve', {}),
    healthCheck: json('health', undefined),
    preStop: json('pre-stop', undefined),
    names: json('names', undefined),
  };
}

/** On a container that was made anew in the place of one that Docker could not start any more. */
export function remadeFrom(id: string): Record<string, string> {
  return { [`${prefix}remade-from`]: id };
}

export function volumeLabels({ key, mountedAt }: VolumeRequest): Record<string, string> {
  return { [`${prefix}volume`]: key, [`${prefix}mounted-at`]: JSON.stringify(mountedAt) };
}

export function readMountedAt(labels: Record<string, string> | null | undefined): string[] {
  return JSON.parse(labels?.[`${prefix}mounted-at`] ?? '[]') as string[];
}

/** `shop/staging`, or nothing where the labels are not ours. */
export function ownerOf(labels: Record<string, string> | null | undefined): string {
  const stack = labels?.[`${prefix}stack`];
  return stack ? `${stack}/${labels[`${prefix}environment`]}` : '';
}
