import { posix } from 'node:path';
import type { FileTarget } from '../../model/instance';
import { toTmpfs } from '../../model/stack/tmpfs';
import type { Finding } from '../problems';
import { runtimeOf } from '../../model/stack/runtime-of';
import type { Service } from '../../model/stack';
import { at, eachService, type Rule } from './rule';

interface PlacedFile extends FileTarget {
  what: string;
  key: (string | number)[];
}

interface Cover {
  path: string;
  /** Completes "… is below <path>, ". */
  why: string;
}

const kernel: Cover[] = ['/dev', '/proc', '/sys'].map((path) => ({
  path,
  why: 'where the kernel shows what it knows',
}));
/** Docker mounts a file of its own over each. */
const ownOfDocker = new Set(['/etc/hosts', '/etc/hostname', '/etc/resolv.conf']);
const instead = 'give it a target beside that, such as /secrets/key.pem, or mount that elsewhere';

/**
 * Docker copies files into a container before its mounts are there, or into what is mounted: such a file is hidden, or
 * stays behind in plain text.
 */
export const filesStayVisible: Rule = eachService((service, { stack }) => {
  if (runtimeOf(service, stack) !== 'docker') return [];
  const covers = coversOf(service);
  return filesOf(service).flatMap(({ path, what, key }) => {
    const real = realPath(path);
    if (ownOfDocker.has(real))
      return [
        at(
          service,
          key,
          `Docker writes ${real} itself in every container; use extra_hosts for names of hosts, or another path`,
        ),
      ];
    const cover = covers.find((each) => real === each.path || isBelow(real, each.path));
    return cover ? [at(service, key, `${what} at ${path} is below ${cover.path}, ${cover.why}; ${instead}`)] : [];
  });
});

/** A file is no folder: nothing else stands below it. */
export const filesAreNoFolders: Rule = eachService((service) => {
  const files = filesOf(service);
  return files.flatMap(({ path, key, what }) => {
    const below =
      files.find((other) => isBelow(other.path, path))?.path ??
      service.mounts.find(({ target }) => isBelow(target, path))?.target;
    return below === undefined
      ? []
      : [
          at(
            service,
            key,
            `${what} is a file at ${path}, and ${below} is to stand below it; give one of them another path`,
          ),
        ];
  });
});

/** A file is of use to the user that the service runs as. */
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
            `${file.what} has the mode 0${file.mode.toString(8)} and belongs to ` +
              `${file.uid ?? 0}:${file.gid ?? 0}, so that the user ${service.user} cannot ` +
              `read it; add uid: ${uid}, or a mode that lets it, such as 0444`,
          ),
        ];
  });
});

/** On a cluster files of secrets and configs belong to root; pods read them by their group. */
export function ownersOf(service: Service): Finding[] {
  return filesOf(service).flatMap(({ uid, gid, key, what }) => {
    if (uid === undefined && gid === undefined) return [];
    return [
      at(
        service,
        key,
        `${what} has an owner, and Kubernetes knows none for files that it mounts; remove uid ` +
          'and gid: with user: 1000:1000 its group reads a file of mode 0440',
      ),
    ];
  });
}

function filesOf({ secrets, configs }: Service): PlacedFile[] {
  return [
    ...secrets.flatMap(({ name, target }, index) =>
      'path' in target ? [{ ...target, what: `the secret ${name}`, key: ['secrets', index] }] : [],
    ),
    ...configs.map(({ name, ...target }) => ({ ...target, what: `the config ${name}`, key: ['configs', name] })),
  ];
}

function coversOf({ mounts, tmpfs }: Service): Cover[] {
  const ofTmpfs = tmpfs.map((entry) => ({ path: toTmpfs(entry).path, why: 'a tmpfs, which is empty at every start' }));
  const ofMounts = mounts.map((mount) => ({
    path: mount.target,
    why:
      mount.type === 'volume'
        ? `the volume ${mount.volume}, in which it would stay behind`
        : `the folder ${mount.source} of the host, in which it would stay behind`,
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
