import { constants } from 'node:fs';
import { type FileHandle, mkdir, readlink, realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { openRegular, unless } from '../../guard/regular-file';

/** In bytes; of a trail, about half a million records. */
const largestFile = 256 * 1024 * 1024;
const { O_RDONLY } = constants;

/**
 * Makes the folders of a trail, `audit` and the stack, below the folder that somebody has named.
 * @throws Error where one of them is a symbolic link
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
 * Opens a file of a trail. Whoever may write to its folder may have put anything in its place.
 * @throws Error where it is no regular file, is larger than 256 MiB, or lies elsewhere by a symbolic link
 */
export function openPlain(file: string, flags: number): Promise<FileHandle> {
  return openRegular(file, flags, async (handle) => {
    if ((await handle.stat()).size > largestFile) throw new Error(`${file} is larger than 256 MiB; move it elsewhere`);
    requireSame(file, await openedPath(file, handle), await expectedPath(namedFolder(file), file));
  });
}

/** The content of such a file; undefined where there is none. @throws Error as {@link openPlain} does */
export async function readPlain(file: string): Promise<string | undefined> {
  const handle = await unless('ENOENT', openPlain(file, O_RDONLY));
  try {
    return await handle?.readFile('utf8');
  } finally {
    await handle?.close();
  }
}

/** What a stack file or a worker names: `audit`, the stack and the file below it are the engine's. */
function namedFolder(file: string): string {
  return dirname(dirname(dirname(file)));
}

/** Links on the way to the folder that was named are meant; the policy has seen where they lead. */
async function expectedPath(named: string, path: string): Promise<string> {
  return join(await realpath(named), relative(named, path));
}

/** Of what is open: the path may lead elsewhere by now. Where the kernel does not tell, the path has to do. */
async function openedPath(file: string, { fd }: FileHandle): Promise<string> {
  return readlink(`/proc/self/fd/${fd}`).catch(() => realpath(file));
}

function requireSame(path: string, real: string, expected: string): void {
  if (real !== expected) throw new Error(`${path} leads to ${real} by a symbolic link; remove the link`);
}
