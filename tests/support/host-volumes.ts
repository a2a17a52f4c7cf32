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

/** For clusters that make none by themselves. `type`: what the kubelet insists on; a `Directory` that is not there cannot be mounted. */
export async function hostVolumes(count: number, type: 'DirectoryOrCreate' | 'Directory' = 'DirectoryOrCreate'): Promise<HostVolumes> {
  const api = clusterConfig().makeApiClient(CoreV1Api);
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-volumes-'));
  chmodSync(folder, 0o755);
  const names = Array.from({ length: count }, (_, index) => `deploy-code-test-${process.pid}-${type.toLowerCase()}-${index}`);
  for (const name of names) {
    await api.createPersistentVolume({ body: { metadata: { name }, spec: { capacity: { storage: '20Mi' }, accessModes: ['ReadWriteOnce'], persistentVolumeReclaimPolicy: 'Retain', storageClassName: '', hostPath: { path: join(folder, name), type } } } });
  }
  return {
    read: async (file) => readdirSync(folder).map((name) => join(folder, name, file)).filter((path) => existsSync(path)).flatMap((path) => readFileSync(path, 'utf8').split('\n').filter(Boolean)),
    remove: async () => {
      for (const name of names) await api.deletePersistentVolume({ name });
    },
  };
}
