import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import type { InstanceSpec } from '../../model/instance';
import type { Contents } from './contents';
import { qualified } from '../names';
import { toTmpfs } from '../../model/stack/tmpfs';

interface Mounted {
  volumes: V1Volume[];
  volumeMounts: V1VolumeMount[];
}

/** True if the service writes to a volume, so that two versions must never run at once. */
export function holdsData({ mounts }: Pick<InstanceSpec, 'mounts'>): boolean {
  return mounts.some((mount) => mount.type === 'volume' && !mount.readOnly);
}

/** Volumes for claims, configs, secret files and memory, and their mounts. */
export function toVolumes(spec: InstanceSpec, { config, secret }: Contents): Mounted {
  const parts = [
    claims(spec),
    memory(spec),
    files('config', config, (name, items) => ({ name: 'config', configMap: { name, items } })),
    files('secret', secret, (name, items) => ({ name: 'secret', secret: { secretName: name, items } })),
  ];
  return {
    volumes: parts.flatMap(({ volumes }) => volumes),
    volumeMounts: parts.flatMap(({ volumeMounts }) => volumeMounts),
  };
}

function claims({ mounts }: InstanceSpec): Mounted {
  const claimed = mounts.flatMap((mount) => (mount.type === 'volume' ? [mount] : []));
  const names = [...new Set(claimed.map(({ volume }) => qualified(volume).name))];
  return {
    volumes: names.map((claimName) => ({ name: `volume-${claimName}`, persistentVolumeClaim: { claimName } })),
    volumeMounts: claimed.map(({ volume, target, readOnly }) => ({
      name: `volume-${qualified(volume).name}`,
      mountPath: target,
      ...(readOnly && { readOnly }),
    })),
  };
}

/** `tmpfs` in Docker's syntax, `/path` or `/path:size=64m`, and shared memory. */
function memory({ tmpfs, shmSize }: InstanceSpec): Mounted {
  const paths = [
    ...tmpfs.map(toTmpfs).map(({ path, size }) => ({ path, sizeLimit: size && quantityOf(size) })),
    ...(shmSize === undefined ? [] : [{ path: '/dev/shm', sizeLimit: String(shmSize) }]),
  ];
  return {
    volumes: paths.map(({ sizeLimit }, index) => ({
      name: `memory-${index}`,
      emptyDir: { medium: 'Memory', ...(sizeLimit !== undefined && { sizeLimit }) },
    })),
    volumeMounts: paths.map(({ path }, index) => ({ name: `memory-${index}`, mountPath: path })),
  };
}

/** Docker's `64m` as a quantity of Kubernetes: `64Mi`. */
function quantityOf(size: string): string {
  return size.replace(/[kmg]$/i, (unit) => `${unit.toUpperCase()}i`);
}

/** Each file has its own mount, so that other files of the image in that folder stay visible. */
function files(
  volume: string,
  found: { name: string; files: { key: string; path: string; mode: number }[] } | undefined,
  source: (name: string, items: { key: string; path: string; mode: number }[]) => V1Volume,
): Mounted {
  if (!found || found.files.length === 0) return { volumes: [], volumeMounts: [] };
  return {
    volumes: [
      source(
        found.name,
        found.files.map(({ key, mode }) => ({ key, path: key, mode })),
      ),
    ],
    volumeMounts: found.files.map(({ key, path }) => ({ name: volume, mountPath: path, subPath: key, readOnly: true })),
  };
}
