import type { VolumeSpec } from '../../../model/resources';
import type { z } from 'zod';
import {
  joinedContainers,
  type InstanceSpec,
  type Joined,
  type NetworkAttachment,
  type ResourceAmounts,
} from '../../../model/instance';
import { parseJson } from '../../../model/text/json';
import { amounts, attachments, joined, textsIn } from '../../instance-shapes';
import type { Scope } from '../../runtime';
import { labelSchema, labelShapes, type LabelledInstance } from './label-schema';

const prefix = 'deploy-code.';
const composePrefix = 'com.docker.compose.';

/** The engine's labels of a scope: set on all objects, and used as filters of listings. */
export function scopeLabels({ stack, environment }: Scope): Record<string, string> {
  return { [`${prefix}stack`]: stack, [`${prefix}environment`]: environment };
}

export function project({ stack, environment }: Scope): string {
  return `${stack}-${environment}`;
}

/**
 * Compose's labels, so that `docker compose ls` and `ps` show the stack. Never on volumes: `down -v` would remove them.
 */
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

/** The data of an instance that the engine needs later; {@link readLabels} reads it. */
export function instanceLabels(spec: InstanceSpec): Record<string, string> {
  const names = spec.names ?? (spec.networks.length > 0 ? spec.networks : undefined);
  const outside = joinedContainers(spec);
  const json: Record<string, unknown> = {
    keys: spec.keys,
    ports: spec.ports,
    reserve: spec.reserve,
    health: spec.healthCheck,
    'pre-stop': spec.preStop,
    'pre-stop-secrets': spec.preStopSecrets,
    names,
    joins: spec.joins,
    'joins-outside': Object.keys(outside).length > 0 ? outside : undefined,
    'may-complete': spec.mayComplete,
  };
  const texts: Record<string, string | number> = {
    name: spec.name,
    service: spec.service,
    ordinal: spec.ordinal,
    deployment: spec.deployment,
    release: spec.release,
    phase: spec.phase,
    kind: spec.kind,
    hash: spec.hash,
    restart: spec.restart,
    'stop-grace': spec.stopGraceMs,
  };
  for (const [key, value] of Object.entries(json)) if (value !== undefined) texts[key] = JSON.stringify(value);
  const own = Object.fromEntries(Object.entries(texts).map(([key, value]) => [prefix + key, String(value)]));
  return { ...scopeLabels(spec), ...own };
}

/** Empty values for the engine's labels that an image would pass on to its containers. */
export function withoutInherited(labels: Record<string, string> | null | undefined): Record<string, string> {
  const inherited = Object.keys(labels ?? {}).filter((key) => key.startsWith(prefix) || key.startsWith(composePrefix));
  return Object.fromEntries(inherited.map((key) => [key, '']));
}

/** The environment in the labels; undefined if they are not the engine's. */
export function scopeOfLabels(labels: Record<string, string> | null | undefined): Scope | undefined {
  const stack = labels?.[`${prefix}stack`];
  const environment = labels?.[`${prefix}environment`];
  return stack && environment ? { stack, environment } : undefined;
}

/** The name with which a container was created; undefined for containers of older versions. */
export function nameLabel(labels: Record<string, string> | null | undefined): string | undefined {
  return labels?.[`${prefix}name`] || undefined;
}

/** Hash of the spec from which a container was created. */
export function hashOf(labels: Record<string, string> | null | undefined): string {
  return labels?.[`${prefix}hash`] ?? '';
}

/** Names of an instance on its networks; undefined if the label is absent or invalid. */
export function namesOf(labels: Record<string, string>): NetworkAttachment[] | undefined {
  return attachments.safeParse(parseJson(labels[`${prefix}names`] || 'null')).data;
}

/** Names of the instances whose namespaces it joins; empty if the label is absent or invalid. */
export function joinsOf(labels: Record<string, string>): Joined {
  return joinedIn(labels, 'joins');
}

/** Names of the containers outside the stack whose namespaces it joins; empty if the label is absent or invalid. */
export function joinsOutsideOf(labels: Record<string, string>): Joined {
  return joinedIn(labels, 'joins-outside');
}

function joinedIn(labels: Record<string, string>, key: string): Joined {
  return joined.safeParse(parseJson(labels[prefix + key] || '{}')).data ?? {};
}

/** Reserved resources of an instance; empty if the label is invalid. */
export function reserveOf(labels: Record<string, string>): ResourceAmounts {
  return amounts.safeParse(parseJson(labels[`${prefix}reserve`] || '{}')).data ?? {};
}

/**
 * Parses the labels of a container.
 * @throws Error that names the invalid label
 */
export function readLabels(labels: Record<string, string>): LabelledInstance {
  const own = Object.fromEntries(
    Object.entries(labels).filter(([key, value]) => key.startsWith(prefix) && value !== ''),
  );
  const texts = Object.fromEntries(Object.keys(labelShapes).map((key) => [key, own[prefix + key]]));
  const {
    'stop-grace': stopGraceMs,
    health: healthCheck,
    'pre-stop': preStop,
    'pre-stop-secrets': preStopSecrets,
    'joins-outside': joinsOutside,
    'may-complete': mayComplete,
    ...rest
  } = readShapes(texts);
  const { keys = {}, ports = [], reserve = {} } = rest;
  const optional = {
    healthCheck,
    preStop,
    ...(preStopSecrets && { preStopSecrets }),
    ...(joinsOutside && { joinsOutside }),
    ...(mayComplete && { mayComplete }),
  };
  return { ...rest, keys, ports, reserve, stopGraceMs, ...optional };
}

function readShapes(texts: Record<string, string | undefined>): z.infer<typeof labelSchema> {
  const read = labelSchema.safeParse(texts);
  if (read.success) return read.data;
  throw new Error(`its label ${prefix}${String(read.error.issues[0]?.path[0])} cannot be read`);
}

/** Label of a container that replaces one which Docker could not start any more. */
export function remadeFrom(id: string): Record<string, string> {
  return { [`${prefix}remade-from`]: id };
}

export function volumeLabels({ key, mountedAt }: VolumeSpec): Record<string, string> {
  return { [`${prefix}volume`]: key, [`${prefix}mounted-at`]: JSON.stringify(mountedAt) };
}

/** `service:/path` of the mounts for which a volume was created; empty if the label is invalid. */
export function readMountedAt(labels: Record<string, string> | null | undefined): string[] {
  return textsIn(labels?.[`${prefix}mounted-at`]);
}

/** `shop/staging`; empty if the labels are not the engine's. */
export function ownerOf(labels: Record<string, string> | null | undefined): string {
  const stack = labels?.[`${prefix}stack`];
  return stack ? `${stack}/${labels[`${prefix}environment`]}` : '';
}

/** Project of Compose that made a volume; undefined if none did. */
export function composeProjectOf(labels: Record<string, string> | null | undefined): string | undefined {
  const project = labels?.['com.docker.compose.project'];
  return project !== undefined && /^[a-z0-9][a-z0-9_-]{0,63}$/.test(project) ? project : undefined;
}
