import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const { O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * Opens a regular file without following a link or waiting for a pipe. Closes it if the check throws.
 * @throws Error if it is not a regular file
 */
export async function openRegular(
  file: string,
  flags: number,
  check: (handle: FileHandle) => Promise<void>,
): Promise<FileHandle> {
  const opening = open(file, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600);
  const handle = await unless('ELOOP', opening);
  if (!handle) throw new Error(`${file} is a symbolic link; remove it`);
  try {
    if (!(await handle.stat()).isFile()) throw new Error(`${file} is not a regular file; remove it`);
    await check(handle);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads the first bytes of a regular file. @throws Error if it is not a regular file */
export async function readStart(file: string, bytes: number): Promise<string> {
  const handle = await openRegular(file, O_RDONLY, () => Promise.resolve());
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The result of a file system operation; undefined if it fails with this code. */
export function unless<T>(code: string, operation: Promise<T>): Promise<T | undefined> {
  return operation.catch((error: NodeJS.ErrnoException) => (error.code === code ? undefined : Promise.reject(error)));
}
