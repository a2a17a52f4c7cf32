import { constants } from 'node:fs';
import { type FileHandle, mkdir, readlink, realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { openRegular, unless } from '../../guard/regular-file';

/** In bytes; a trail of this size has about half a million records. */
const largestFile = 256 * 1024 * 1024;
const { O_RDONLY } = constants;

/**
 * Creates the folders of a trail, `audit` and the stack, below the configured folder.
 * @throws Error if one of them is a symbolic link
 */
export async function makeFolders(file: string): Promise<void> {
  const named = namedFolder(file);
  await mkdir(named, { recursive: true, mode: 0o700 });
  for (const folder of [dirname(dirname(file)), dirname(file)]) {
    await unless('EEXIST', mkdir(folder, { mode: 0o700 }));
    requireSame(folder, await realpath(folder), await expectedPath(named, folder));
  }
}

/**
 * Opens a file of a trail. Anybody with write access to its folder may have replaced it.
 * @throws Error if it is not a regular file, is larger than 256 MiB, or a symbolic link leads elsewhere
 */
export function openPlain(file: string, flags: number): Promise<FileHandle> {
  return openRegular(file, flags, async (handle) => {
    if ((await handle.stat()).size > largestFile) throw new Error(`${file} is larger than 256 MiB; move it elsewhere`);
    requireSame(file, await openedPath(file, handle), await expectedPath(namedFolder(file), file));
  });
}

/** The content of such a file; undefined if it does not exist. @throws Error as {@link openPlain} does */
export async function readPlain(file: string): Promise<string | undefined> {
  const handle = await unless('ENOENT', openPlain(file, O_RDONLY));
  try {
    return await handle?.readFile('utf8');
  } finally {
    await handle?.close();
  }
}

/** The folder that a stack file or a worker configures; `audit`, the stack and the file below it are the engine's. */
function namedFolder(file: string): string {
  return dirname(dirname(dirname(file)));
}

/** Links above the configured folder are allowed; the policy has checked their target. */
async function expectedPath(named: string, path: string): Promise<string> {
  return join(await realpath(named), relative(named, path));
}

/**
 * The path of the open file, as the name may have been relinked. Falls back to the name where the kernel does not tell.
 */
async function openedPath(file: string, { fd }: FileHandle): Promise<string> {
  return readlink(`/proc/self/fd/${fd}`).catch(() => realpath(file));
}

function requireSame(path: string, real: string, expected: string): void {
  if (real !== expected) throw new Error(`${path} leads to ${real} through a symbolic link; remove the link`);
}
