import type { VersionInfo } from '@kubernetes/client-node';
import { RuntimeError } from '../runtime';
import type { KubernetesApi } from './api';
import { unlessForbidden } from './errors';

/** Since 1.30 pods can be told to serve on for a moment before they go. */
const oldestMinor = 30;

/** Asked once: a cluster only gets newer. @throws RuntimeError where it is too old for what the engine makes there */
export function versionOf(api: KubernetesApi): () => Promise<void> {
  let isKnown = false;
  return async () => {
    if (isKnown) return;
    const version = await unlessForbidden(() => api.get<VersionInfo>('/version'));
    if (version && isOlder(version)) throw new RuntimeError('software', `the cluster is Kubernetes ${version.gitVersion}; the engine needs 1.${oldestMinor} or newer`);
    isKnown = true;
  };
}

/** Some call theirs `30+`. */
function isOlder({ major, minor }: VersionInfo): boolean {
  return Number(major) === 1 && Number.parseInt(minor, 10) < oldestMinor;
}
