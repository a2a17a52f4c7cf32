import type { VolumeSpec } from '../../../model/resources';
import type { z } from 'zod';
import type { InstanceSpec, NetworkAttachment, ResourceAmounts } from '../../../model/instance';
import { amounts, attachments, parseJson, textsIn } from '../../instance-shapes';
import type { Scope } from '../../runtime';
import { labelSchema, labelShapes, type LabelledInstance } from './label-schema';

const prefix = 'deploy-code.';
const composePrefix = 'com.docker.compose.';

/** Our labels of a scope: on everything that is made, and what listings filter by. */
export function scopeLabels({ stack, environment }: Scope): Record<string, string> {
  return { [`${prefix}stack`]: stack, [`${prefix}environment`]: environment };
}

export function project({ stack, environment }: Scope): string {
  return `${stack}-${environment}`;
}

/**
 * Compose's own labels, so that `docker compose ls` and `ps` show the stack. Never on volumes: `down -v` would take
 * them.
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

/** What the engine has to know of an instance later; {@link readLabels} reads it back. */
export function instanceLabels(spec: InstanceSpec): Record<string, string> {
  const names = spec.names ?? (spec.networks.length > 0 ? spec.networks : undefined);
  const json: Record<string, unknown> = {
    keys: spec.keys,
    ports: spec.ports,
    reserve: spec.reserve,
    health: spec.healthCheck,
    'pre-stop': spec.preStop,
    names,
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

/**
 * Labels of the engine's that an image brings along would be inherited: they are given empty values, which say nothing.
 */
export function withoutInherited(labels: Record<string, string> | null | undefined): Record<string, string> {
  const inherited = Object.keys(labels ?? {}).filter((key) => key.startsWith(prefix) || key.startsWith(composePrefix));
  return Object.fromEntries(inherited.map((key) => [key, '']));
}

/** The environment that labels name; undefined where they are not the engine's. */
export function scopeOfLabels(labels: Record<string, string> | null | undefined): Scope | undefined {
  const stack = labels?.[`${prefix}stack`];
  const environment = labels?.[`${prefix}environment`];
  return stack && environment ? { stack, environment } : undefined;
}

/** The name that a container was made under; undefined on those that an older version made. */
export function nameLabel(labels: Record<string, string> | null | undefined): string | undefined {
  return labels?.[`${prefix}name`] || undefined;
}

/** Hash of the spec that a container was made from. */
export function hashOf(labels: Record<string, string> | null | undefined): string {
  return labels?.[`${prefix}hash`] ?? '';
}

/** By which names an instance is known on its networks; undefined where the label is absent or cannot be read. */
export function namesOf(labels: Record<string, string>): NetworkAttachment[] | undefined {
  return attachments.safeParse(parseJson(labels[`${prefix}names`] || 'null')).data;
}

/** What an instance has reserved; nothing where the label cannot be read. */
export function reserveOf(labels: Record<string, string>): ResourceAmounts {
  return amounts.safeParse(parseJson(labels[`${prefix}reserve`] || '{}')).data ?? {};
}

/**
 * What the labels of a container say about its instance.
 * @throws Error that names the label which cannot be read
 */
export function readLabels(labels: Record<string, string>): LabelledInstance {
  const own = Object.fromEntries(
    Object.entries(labels).filter(([key, value]) => key.startsWith(prefix) && value !== ''),
  );
  const said = Object.fromEntries(Object.keys(labelShapes).map((key) => [key, own[prefix + key]]));
  const { 'stop-grace': stopGraceMs, health: healthCheck, 'pre-stop': preStop, ...rest } = readShapes(said);
  const { keys = {}, ports = [], reserve = {} } = rest;
  return { ...rest, keys, ports, reserve, stopGraceMs, healthCheck, preStop };
}

function readShapes(said: Record<string, string | undefined>): z.infer<typeof labelSchema> {
  const read = labelSchema.safeParse(said);
  if (read.success) return read.data;
  throw new Error(`its label ${prefix}${String(read.error.issues[0]?.path[0])} cannot be read`);
}

/** On a container that was made anew in the place of one that Docker could not start any more. */
export function remadeFrom(id: string): Record<string, string> {
  return { [`${prefix}remade-from`]: id };
}

export function volumeLabels({ key, mountedAt }: VolumeSpec): Record<string, string> {
  return { [`${prefix}volume`]: key, [`${prefix}mounted-at`]: JSON.stringify(mountedAt) };
}

/** `service:/path` of the mounts that a volume was made for; none where the label cannot be read. */
export function readMountedAt(labels: Record<string, string> | null | undefined): string[] {
  return textsIn(labels?.[`${prefix}mounted-at`]);
}

/** `shop/staging`, or nothing where the labels are not ours. */
export function ownerOf(labels: Record<string, string> | null | undefined): string {
  const stack = labels?.[`${prefix}stack`];
  return stack ? `${stack}/${labels[`${prefix}environment`]}` : '';
}
