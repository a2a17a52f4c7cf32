import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api } from '@kubernetes/client-node';
import { clusterConfig } from './cluster';

/** Volumes that are folders of this machine, which is the cluster's node too. */
export interface HostVolumes {
  /** The lines of a file, in whichever of them it is. */
  read(file: string): Promise<string[]>;
  remove(): Promise<void>;
}

/**
 * For clusters that make none by themselves: one for each claim of a namespace, and for no other. `type`: what the
 * kubelet insists on; a `Directory` that is not there cannot be mounted.
 */
export async function hostVolumes(
  namespace: string,
  claims: string[],
  type: 'DirectoryOrCreate' | 'Directory' = 'DirectoryOrCreate',
): Promise<HostVolumes> {
  const api = clusterConfig().makeApiClient(CoreV1Api);
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-volumes-'));
  chmodSync(folder, 0o755);
  const nameOf = (claim: string) => `deploy-code-test-${namespace}-${claim}`;
  for (const claim of claims) {
    const name = nameOf(claim);
    await api.createPersistentVolume({
      body: {
        metadata: { name },
        spec: {
          claimRef: { namespace, name: claim },
          capacity: { storage: '20Mi' },
          accessModes: ['ReadWriteOnce'],
          persistentVolumeReclaimPolicy: 'Retain',
          storageClassName: '',
          hostPath: { path: join(folder, name), type },
        },
      },
    });
  }
  return {
    read: async (file) =>
      readdirSync(folder)
        .map((name) => join(folder, name, file))
        .filter((path) => existsSync(path))
        .flatMap((path) => readFileSync(path, 'utf8').split('\n').filter(Boolean)),
    remove: async () => {
      for (const claim of claims) await api.deletePersistentVolume({ name: nameOf(claim) });
    },
  };
}
