import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readlink, realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** In bytes; of a trail, about half a million records. */
const largestFile = 256 * 1024 * 1024;
const { O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

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

/**
 * Opens a regular file: no link is followed, and no pipe is waited for. Closes it again where the check throws.
 * @throws Error where it is anything else
 */
async function openRegular(file: string, flags: number, check: (handle: FileHandle) => Promise<void>) {
  const opening = open(file, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600);
  const handle = await unless('ELOOP', opening);
  if (!handle) throw new Error(`${file} is a symbolic link; remove it`);
  try {
    if (!(await handle.stat()).isFile()) throw new Error(`${file} is no regular file; remove it`);
    await check(handle);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The first bytes of a regular file, wherever it lies. @throws Error where it is anything else */
export async function readStart(file: string, bytes: number): Promise<string> {
  const handle = await openRegular(file, O_RDONLY, () => Promise.resolve());
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
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

/** What an operation of the file system gives; undefined where it fails by this code. */
export function unless<T>(code: string, operation: Promise<T>): Promise<T | undefined> {
  return operation.catch((error: NodeJS.ErrnoException) => (error.code === code ? undefined : Promise.reject(error)));
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
