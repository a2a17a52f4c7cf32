import type { InstanceSpec } from '../model/instance';
import type { Certificate } from './ingress';
import type { ManifestOf } from './manifest';
import { contentMark, objectLabels, qualified } from './names';

/** What only the worker knows: variables from env files and secrets, files of secrets, certificates. */
export interface Values {
  variables: Record<string, string>;
  files: { path: string; mode: number; content: string }[];
  certificates: Certificate[];
}

/**
 * Where pods find it. Each version of a service has contents of its own: what runs keeps what it was started with. Their names come from the
 * hash of the spec, in which what is secret counts by a keyed fingerprint.
 */
export interface Contents {
  config?: { name: string; files: { key: string; path: string; mode: number }[] };
  secret?: { name: string; variables: string[]; files: { key: string; path: string; mode: number }[] };
  manifests: (ManifestOf<'ConfigMap'> | ManifestOf<'Secret'>)[];
}

/** Configs as a ConfigMap, what is secret as a Secret. */
export function toContents(spec: InstanceSpec, values: Values): Contents {
  const configs = spec.files.map(({ path, mode, content }, index) => ({ key: `file.${index}`, path, mode, content }));
  const files = values.files.map(({ path, mode, content }, index) => ({ key: `file.${index}`, path, mode, content }));
  const data = { ...Object.fromEntries(Object.entries(values.variables).map(([name, value]) => [`env.${name}`, value])), ...keyed(files) };
  const config = configs.length > 0 ? objectOf('ConfigMap', 'config', spec, keyed(configs)) : undefined;
  const secret = Object.keys(data).length > 0 ? objectOf('Secret', 'secret', spec, data) : undefined;
  return {
    ...(config && { config: { name: config.metadata.name, files: configs } }),
    ...(secret && { secret: { name: secret.metadata.name, variables: Object.keys(values.variables), files } }),
    manifests: [...(config ? [config] : []), ...(secret ? [secret] : [])],
  };
}

function keyed(files: { key: string; content: string }[]): Record<string, string> {
  return Object.fromEntries(files.map(({ key, content }) => [key, content]));
}

function objectOf(kind: 'ConfigMap', what: string, spec: InstanceSpec, data: Record<string, string>): ManifestOf<'ConfigMap'>;
function objectOf(kind: 'Secret', what: string, spec: InstanceSpec, data: Record<string, string>): ManifestOf<'Secret'>;
function objectOf(kind: 'ConfigMap' | 'Secret', what: string, spec: InstanceSpec, data: Record<string, string>): ManifestOf<'ConfigMap'> | ManifestOf<'Secret'> {
  const { namespace, name } = qualified(spec.name);
  const metadata = { name: `${name}-${what}-${contentMark(spec.hash)}`, namespace, labels: objectLabels(spec) };
  return kind === 'Secret' ? { apiVersion: 'v1', kind, metadata, type: 'Opaque', stringData: data } : { apiVersion: 'v1', kind, metadata, data };
}
