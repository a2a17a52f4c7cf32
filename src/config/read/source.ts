import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StackFileError } from '../problems';

const largest = 2 * 1024 * 1024;

/**
 * Reads a text file.
 * @param ifMissing advice for the error if the file does not exist
 * @throws StackFileError if it is missing, larger than 2 MiB, a folder, or not text in UTF-8 or UTF-16
 */
export function readText(path: string, ifMissing = 'check the path (--config names another stack file)'): string {
  const refuse = (message: string): never => {
    throw new StackFileError([{ file: path, path: '', message }]);
  };
  const bytes = readBytes(path, ifMissing, refuse);
  const encoding = utf16(bytes);
  if (encoding) return new TextDecoder(encoding).decode(bytes);
  if (bytes.includes(0)) refuse('is a binary file; name a text file');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse('is not UTF-8 text; save it as UTF-8');
  }
}

/** UTF-16 by its byte order mark, as editors of Windows write it. */
function utf16(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const mark = bytes.subarray(0, 2).toString('hex');
  return mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : undefined;
}

function readBytes(path: string, ifMissing: string, refuse: (message: string) => never): Buffer {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return refuse(code === 'ENOENT' ? `does not exist; ${ifMissing}` : `cannot be read: ${message}`);
  }
  try {
    const { size, mode } = fstatSync(file);
    if ((mode & 0o170000) === 0o040000) refuse('is a folder; name a file in it');
    if (size > largest) refuse(`is ${Math.ceil(size / 1024 / 1024)} MiB, more than the limit of 2 MiB`);
    const buffer = Buffer.alloc(size);
    return buffer.subarray(0, readSync(file, buffer, 0, size, 0));
  } finally {
    closeSync(file);
  }
}
