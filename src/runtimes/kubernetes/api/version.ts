import type { VersionInfo } from '@kubernetes/client-node';
import { oldestMinor } from '../../../kubernetes/version';
import type { KubernetesApi } from '.';
import { unlessForbidden } from './errors';

/**
 * The version of a cluster that is too old for what the engine makes there, such as `v1.29.4`. Asked until it is new
 * enough: it only gets newer.
 */
export function oldVersionOf(api: KubernetesApi): () => Promise<string | undefined> {
  let isNew = false;
  return async () => {
    if (isNew) return undefined;
    const version = await unlessForbidden(() => api.get<VersionInfo>('/version'));
    isNew = !version || !isOlder(version);
    return isNew ? undefined : version?.gitVersion;
  };
}

/** Some call theirs `30+`. */
function isOlder({ major, minor }: VersionInfo): boolean {
  return Number(major) === 1 && Number.parseInt(minor, 10) < oldestMinor;
}
