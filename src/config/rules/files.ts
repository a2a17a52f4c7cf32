import { posix } from 'node:path';
import type { FileTarget } from '../../model/instance';
import { toTmpfs } from '../../model/stack/tmpfs';
import type { Finding } from '../problems';
import { runtimeOf } from '../../model/stack/runtime-of';
import type { Service } from '../../model/stack';
import type { StackFile } from '../schema/stack-file';
import { at, eachService, type Rule } from './rule';

interface PlacedFile extends FileTarget {
  /** How to have it below a mount all the same. */
  wayOut?: string;
  /** Such as `the secret db`. */
  label: string;
  key: (string | number)[];
}

interface Cover {
  path: string;
  /** Completes "… is below <path>, ". */
  reason: string;
}

const kernel: Cover[] = ['/dev', '/proc', '/sys'].map((path) => ({
  path,
  reason: 'a file system of the kernel',
}));
/** Docker mounts a generated file over each of these. */
const managedByDocker = new Set(['/etc/hosts', '/etc/hostname', '/etc/resolv.conf']);
const advice = 'choose a target outside of that path, such as /secrets/key.pem';

/**
 * Docker copies files into a container either before its mounts exist or into the mounted volume. The file would then
 * be hidden, or stay in the volume in plain text.
 */
export const filesOutsideMounts: Rule = eachService((service, { file, stack }) => {
  if (runtimeOf(service, stack) !== 'docker') return [];
  const covers = coversOf(service);
  return filesOf(service, file).flatMap(({ path, label, key, wayOut = '' }) => {
    const real = realPath(path);
    if (managedByDocker.has(real))
      return [
        at(
          service,
          key,
          `Docker generates ${real} in every container; use extra_hosts for host names, or another path`,
        ),
      ];
    const cover = covers.find((each) => real === each.path || isBelow(real, each.path));
    if (!cover) return [];
    const message = `${label} at ${path} is below ${cover.path}, ${cover.reason}; ${advice}`;
    return [at(service, key, message + (kernel.includes(cover) ? '' : wayOut))];
  });
});

/** Nothing can be placed below a path that is a file. */
export const filesHaveNoChildren: Rule = eachService((service) => {
  const files = filesOf(service);
  return files.flatMap(({ path, key, label }) => {
    const below =
      files.find((other) => isBelow(other.path, path))?.path ??
      service.mounts.find(({ target }) => isBelow(target, path))?.target;
    return below === undefined
      ? []
      : [
          at(
            service,
            key,
            `${label} is a file at ${path}, but ${below} would be below it; choose another path for one of them`,
          ),
        ];
  });
});

/** The user of a service must be able to read its files. */
export const filesReadable: Rule = eachService((service, { stack }) => {
  const [uid, gid] = (/^(\d+)(?::(\d+))?$/.exec(service.user ?? '') ?? [])
    .slice(1)
    .map((id) => (id === undefined ? undefined : Number(id)));
  if (
    runtimeOf(service, stack) !== 'docker' ||
    !uid ||
    service.capAdd.some((name) => /^(CAP_)?(DAC_OVERRIDE|DAC_READ_SEARCH|ALL)$/i.test(name))
  )
    return [];
  return filesOf(service).flatMap((file) => {
    const mayRead =
      (file.uid ?? 0) === uid
        ? file.mode & 0o400
        : gid === undefined || (file.gid ?? 0) === gid
          ? file.mode & 0o044
          : file.mode & 0o004;
    return mayRead
      ? []
      : [
          at(
            service,
            file.key,
            `${file.label} has mode 0${file.mode.toString(8)} and owner ` +
              `${file.uid ?? 0}:${file.gid ?? 0}, so user ${service.user} cannot ` +
              `read it; add uid: ${uid}, or a mode that allows it, such as 0444`,
          ),
        ];
  });
});

/** On a cluster, files of secrets and configs belong to root; pods read them through their group. */
export function ownersOf(service: Service): Finding[] {
  return filesOf(service).flatMap(({ uid, gid, key, label }) => {
    if (uid === undefined && gid === undefined) return [];
    return [
      at(
        service,
        key,
        `${label} has an owner, which Kubernetes does not support for mounted files; remove uid ` +
          'and gid: with user: 1000:1000, that group can read a file of mode 0440',
      ),
    ];
  });
}

function filesOf({ secrets, configs }: Service, file?: StackFile): PlacedFile[] {
  return [
    ...secrets.flatMap(({ name, target }, index) =>
      'path' in target ? [{ ...target, label: `the secret ${name}`, key: ['secrets', index] }] : [],
    ),
    ...configs.map(({ name, ...target }) => ({
      ...target,
      label: `the config ${name}`,
      key: ['configs', name],
      wayOut: file && wayOutOf(file.configs?.[name]?.file, target.path),
    })),
  ];
}

/** Compose does the same with a config of a file, and follows neither its changes nor a rollback. */
function wayOutOf(file: string | undefined, target: string): string {
  return `, or mount ${file ?? 'a file of the host'} there under volumes: ${file ?? '/srv/app.conf'}:${target}:ro`;
}

function coversOf({ mounts, tmpfs }: Service): Cover[] {
  const ofTmpfs = tmpfs.map((entry) => ({
    path: toTmpfs(entry).path,
    reason: 'a tmpfs, which is empty at every start',
  }));
  const ofMounts = mounts.map((mount) => ({
    path: mount.target,
    reason:
      mount.type === 'volume'
        ? `the volume ${mount.volume}, where it would stay after the container is removed`
        : mount.type === 'image'
          ? `the image ${mount.image}, whose files nothing can change`
          : `the folder ${mount.source} of the host, where it would stay after the container is removed`,
  }));
  return [...[...ofTmpfs, ...ofMounts].map((cover) => ({ ...cover, path: realPath(cover.path) })), ...kernel];
}

/** In images `/var/run` is a link to `/run`. */
function realPath(path: string): string {
  return posix.resolve('/', path).replace(/^\/var\/run(?=\/|$)/, '/run');
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
