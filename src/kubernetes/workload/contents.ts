import type { FileTarget, InstanceSpec } from '../../model/instance';
import type { Certificate } from '../traffic/ingress';
import type { ManifestOf } from '../manifest';
import { contentMark, objectLabels, qualified } from '../names';

/** Values that only the worker can read: variables from env files and secrets, secret files, certificates. */
export interface Values {
  variables: Record<string, string>;
  files: (FileTarget & { content: Uint8Array | string })[];
  certificates: Certificate[];
}

/**
 * The ConfigMap and the Secret of a service. Each version has its own, so that running pods keep theirs. Their names
 * derive from the hash of the spec, which includes secrets as keyed fingerprints.
 */
export interface Contents {
  config?: { name: string; files: { key: string; path: string; mode: number }[] };
  secret?: { name: string; variables: string[]; files: { key: string; path: string; mode: number }[] };
  manifests: (ManifestOf<'ConfigMap'> | ManifestOf<'Secret'>)[];
}

type Entries = { key: string; content: Uint8Array | string }[];

/** Configs become a ConfigMap, secret values a Secret. */
export function toContents(spec: InstanceSpec, values: Values): Contents {
  const configs = spec.files.map(({ path, mode, content }, index) => ({ key: `file.${index}`, path, mode, content }));
  const files = values.files.map(({ path, mode, content }, index) => ({ key: `file.${index}`, path, mode, content }));
  const hidden: Entries = [
    ...Object.entries(values.variables).map(([name, content]) => ({ key: `env.${name}`, content })),
    ...files,
  ];
  const config = configs.length > 0 ? toConfigMap(spec, configs) : undefined;
  const secret = hidden.length > 0 ? toSecret(spec, hidden) : undefined;
  return {
    ...(config && { config: { name: config.metadata.name, files: configs } }),
    ...(secret && { secret: { name: secret.metadata.name, variables: Object.keys(values.variables), files } }),
    manifests: [...(config ? [config] : []), ...(secret ? [secret] : [])],
  };
}

function toConfigMap(spec: InstanceSpec, configs: { key: string; content: string }[]): ManifestOf<'ConfigMap'> {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadataOf(spec, 'config'),
    data: Object.fromEntries(configs.map(({ key, content }) => [key, content])),
  };
}

/** Binary values are `data` in base64; texts are `stringData`. */
function toSecret(spec: InstanceSpec, hidden: Entries): ManifestOf<'Secret'> {
  const texts = hidden.flatMap(({ key, content }) => (typeof content === 'string' ? [[key, content] as const] : []));
  const bytes = hidden.flatMap(({ key, content }) =>
    typeof content === 'string' ? [] : [[key, Buffer.from(content).toString('base64')] as const],
  );
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadataOf(spec, 'secret'),
    type: 'Opaque',
    ...(bytes.length > 0 && { data: Object.fromEntries(bytes) }),
    ...(texts.length > 0 && { stringData: Object.fromEntries(texts) }),
  };
}

function metadataOf(
  spec: InstanceSpec,
  what: 'config' | 'secret',
): { name: string; namespace: string; labels: Record<string, string> } {
  const { namespace, name } = qualified(spec.name);
  return { name: `${name}-${what}-${contentMark(spec.hash)}`, namespace, labels: objectLabels(spec) };
}
