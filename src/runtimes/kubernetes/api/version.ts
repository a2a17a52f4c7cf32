import type { VersionInfo } from '@kubernetes/client-node';
import { oldestMinor } from '../../../kubernetes/version';
import type { KubernetesApi } from '.';
import { unlessForbidden } from './errors';

/**
 * The version of a cluster if it is too old for the engine's objects, such as `v1.29.4`. Read until it is new enough,
 * as clusters are not downgraded.
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

/** Some distributions report a minor version of `30+`. */
function isOlder({ major, minor }: VersionInfo): boolean {
  return Number(major) === 1 && Number.parseInt(minor, 10) < oldestMinor;
}
