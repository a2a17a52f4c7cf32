import type { Beside, InstanceSpec } from '../model/instance';

/** A name on a cluster is told with its namespace: `shop-staging/api`. */
export interface QualifiedName {
  namespace: string;
  name: string;
}

export function qualified(text: string): QualifiedName {
  const [namespace, name] = text.split('/');
  return name === undefined ? { namespace: 'default', name: text } : { namespace: namespace!, name };
}

export const domain = 'deploy-code.io';
export const fieldManager = 'deploy-code';

/** How the engine finds what it has made of a stack in one place. */
export function scopeLabels({
  stack,
  environment,
}: Pick<InstanceSpec, 'stack' | 'environment'>): Record<string, string> {
  return { [`${domain}/stack`]: stack, [`${domain}/environment`]: environment };
}

/** The labels that everybody knows, and our own. */
export function objectLabels(spec: Pick<InstanceSpec, 'stack' | 'environment' | 'service'>): Record<string, string> {
  return {
    'app.kubernetes.io/name': spec.service,
    'app.kubernetes.io/part-of': spec.stack,
    'app.kubernetes.io/managed-by': 'deploy-code',
    ...scopeLabels(spec),
  };
}

/** By these the cluster finds all pods of a service, given the labels of one of its objects. */
export function serviceSelector(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).filter(([label]) => label === 'app.kubernetes.io/name' || label.startsWith(`${domain}/`)),
  );
}

/** `shop-staging/api-next`: what runs beside the workload of a service for a while. */
export function besideName(name: string, beside: Beside): string {
  return `${name}-${beside}`;
}

/** By these a workload finds its own pods. */
export function podSelector(spec: Pick<InstanceSpec, 'name'>): Record<string, string> {
  return { [`${domain}/workload`]: qualified(spec.name).name };
}

export function networkLabel(network: string): string {
  return `${domain}/network.${qualified(network).name}`;
}

export function labelSelector(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** Eight characters that tell contents apart. */
export function contentMark(text: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (const character of text) {
    a = Math.imul(a ^ character.codePointAt(0)!, 0x01000193);
    b = Math.imul(b + character.codePointAt(0)!, 0x85ebca6b) ^ (b >>> 13);
  }
  return ((a >>> 0).toString(36) + (b >>> 0).toString(36)).padStart(8, '0').slice(-8);
}
