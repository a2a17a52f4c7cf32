import ignore from '@balena/dockerignore';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BadRequest } from '../../temporal/errors';

const mostFiles = 500_000;

/**
 * Adds everything of a build context that can change an image to a hash: path, type, permissions and content of each
 * file that its ignore file does not leave out. Times and owners do not count, as they do not for Docker.
 * @param dockerfile absolute path of the Dockerfile, whose own ignore file comes first
 * @throws BadRequest if a file cannot be read, or there are too many
 */
export async function addContext(hash: Hash, folder: string, dockerfile?: string): Promise<void> {
  const rules = await readIgnoreFile(folder, dockerfile);
  let count = 0;
  const addFolder = async (below: string): Promise<void> => {
    const names = await readdir(join(folder, below));
    for (const name of names.sort()) {
      const path = below === '' ? name : `${below}/${name}`;
      const full = join(folder, path);
      const stat = await lstat(full);
      const isLeftOut = rules.ignores(path);
      if (isLeftOut && !(stat.isDirectory() && rules.hasExceptions)) continue;
      if (!isLeftOut && (count += 1) > mostFiles)
        throw new BadRequest(`${folder} has more than ${mostFiles} files; leave some out by a .dockerignore`);
      if (!isLeftOut) await addFile(hash, path, full, stat);
      if (stat.isDirectory()) await addFolder(path);
    }
  };
  await addFolder('').catch((error: NodeJS.ErrnoException) => {
    throw error.code === undefined ? error : new BadRequest(`the build context ${folder}: ${error.message}`);
  });
}

/** The start of a record cannot be mistaken for the end of the one before it. */
export function addText(hash: Hash, kind: string, text: string): void {
  hash.update(`${kind} ${Buffer.byteLength(text)}\n`).update(text);
}

async function addFile(hash: Hash, path: string, full: string, stat: Awaited<ReturnType<typeof lstat>>): Promise<void> {
  const mode = (Number(stat.mode) & 0o7777).toString(8);
  if (stat.isDirectory()) return addText(hash, 'folder', `${mode} ${path}`);
  if (stat.isSymbolicLink()) return addText(hash, 'link', `${path} ${await readlink(full)}`);
  if (!stat.isFile()) return;
  addText(hash, 'file', `${mode} ${path}`);
  const content = createHash('sha256');
  for await (const chunk of createReadStream(full)) content.update(chunk as Buffer);
  hash.update(content.digest());
}

async function readIgnoreFile(folder: string, dockerfile: string | undefined) {
  const own = dockerfile === undefined ? undefined : await readIfThere(`${dockerfile}.dockerignore`);
  const text = own ?? (await readIfThere(join(folder, '.dockerignore'))) ?? '';
  const patterns = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#'));
  const rules = ignore({ ignorecase: false }).add(patterns);
  return {
    ignores: (path: string) => rules.ignores(path),
    hasExceptions: patterns.some((pattern) => pattern.trim().startsWith('!')),
  };
}

function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new BadRequest(`${file} cannot be read: ${error.message}`);
  });
}
