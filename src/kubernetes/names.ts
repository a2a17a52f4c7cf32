import type { Beside, InstanceSpec } from '../model/instance';

/** A name with its namespace, written `shop-staging/api`. */
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

/** Labels by which the engine finds its objects of a stack in an environment. */
export function scopeLabels({
  stack,
  environment,
}: Pick<InstanceSpec, 'stack' | 'environment'>): Record<string, string> {
  return { [`${domain}/stack`]: stack, [`${domain}/environment`]: environment };
}

/** The recommended Kubernetes labels and the engine's own. */
export function objectLabels(spec: Pick<InstanceSpec, 'stack' | 'environment' | 'service'>): Record<string, string> {
  return {
    'app.kubernetes.io/name': spec.service,
    'app.kubernetes.io/part-of': spec.stack,
    'app.kubernetes.io/managed-by': 'deploy-code',
    ...scopeLabels(spec),
  };
}

/** Selects all pods of a service, given the labels of one of its objects. */
export function serviceSelector(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).filter(([label]) => label === 'app.kubernetes.io/name' || label.startsWith(`${domain}/`)),
  );
}

/** Name of a temporary workload beside that of the service: `shop-staging/api-next`. */
export function besideName(name: string, beside: Beside): string {
  return `${name}-${beside}`;
}

/** Selects the pods of one workload. */
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

/** A hash of eight characters, to distinguish versions of contents. */
export function contentMark(text: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (const character of text) {
    a = Math.imul(a ^ character.codePointAt(0)!, 0x01000193);
    b = Math.imul(b + character.codePointAt(0)!, 0x85ebca6b) ^ (b >>> 13);
  }
  return ((a >>> 0).toString(36) + (b >>> 0).toString(36)).padStart(8, '0').slice(-8);
}
