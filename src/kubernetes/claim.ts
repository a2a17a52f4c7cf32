import type { ManifestOf } from './manifest';
import { domain, qualified, scopeLabels } from './names';

const smallest = 1024 ** 3;

/** A volume of a stack. Sizes in bytes. */
export interface ClaimSpec {
  name: string;
  stack: string;
  environment: string;
  key: string;
  /** `service:/path` of each mount. */
  mountedAt: string[];
  size?: number;
  storageClass?: string;
  shared?: boolean;
}

/** A volume as a PersistentVolumeClaim, for which the cluster finds or provisions storage. */
export function toClaim({
  name,
  key,
  mountedAt,
  size = smallest,
  storageClass,
  shared,
  ...scope
}: ClaimSpec): ManifestOf<'PersistentVolumeClaim'> {
  const { namespace, name: own } = qualified(name);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: own,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'deploy-code', ...scopeLabels(scope) },
      annotations: { [`${domain}/volume`]: key, [`${domain}/mounted-at`]: JSON.stringify(mountedAt) },
    },
    spec: {
      accessModes: [shared ? 'ReadWriteMany' : 'ReadWriteOnce'],
      resources: { requests: { storage: String(size) } },
      ...(storageClass !== undefined && { storageClassName: storageClass }),
    },
  };
}
