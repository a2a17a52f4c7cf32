import type { FileTarget, SecretMount, SecretSource } from '../../../model/instance';
import type { Service } from '../../../model/stack';
import type { ServiceInput } from '../../schema/service';
import { toMode } from '../../schema/values';
import { hasControlCharacter, Malformed } from '../words';

type FileUse = { mode?: string | number; uid?: number; gid?: number };

/** Configs of a service, with the paths of their files. */
export function toConfigs(input: ServiceInput['configs']): Service['configs'] {
  const uses = Array.isArray(input)
    ? input
    : Object.entries(input ?? {}).map(([source, target]) => ({ source, target }));
  return uses.map((item) => {
    const use: FileUse & { source: string; target?: string } = typeof item === 'string' ? { source: item } : item;
    return { name: use.source, ...toFile(use.target ?? `/${use.source}`, use) };
  });
}

/** @throws Malformed if the secret is not declared */
export function toSecret(
  input: NonNullable<ServiceInput['secrets']>[number],
  secrets: Record<string, SecretSource>,
): SecretMount {
  const use = typeof input === 'string' ? { source: input } : input;
  const source = secrets[use.source];
  if (!source)
    throw new Malformed(
      `the secret "${use.source}" is not declared; add it under the top-level secrets with file or environment`,
    );
  if (use.environment !== undefined)
    return { name: use.source, source, target: { environment: toVariable(use.environment, use) } };
  const path = use.target ?? use.source;
  return { name: use.source, source, target: toFile(path.startsWith('/') ? path : `/run/secrets/${path}`, use) };
}

/** Rejects the options of files: a variable has no owner and no mode. */
function toVariable(name: string, { target, mode, uid, gid }: FileUse & { target?: string }): string {
  const ofFile = Object.entries({ target, mode, uid, gid }).find(([, value]) => value !== undefined);
  if (ofFile) throw new Malformed(`has both environment and ${ofFile[0]}, which is for files; keep one of the two`);
  return name;
}

/** Target of a file: absolute, or relative to the folder of a process. */
function toFile(path: string, { mode, uid, gid }: FileUse): FileTarget {
  const isPlain = path
    .replace(/^\//, '')
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..');
  if (!isPlain || hasControlCharacter(path))
    throw new Malformed(
      `${JSON.stringify(path)} is not a valid file path; write one such as ` +
        '/etc/app/key.pem, without ., .. and empty parts',
    );
  return {
    path,
    mode: mode === undefined ? 0o444 : toMode(mode),
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  };
}
