import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import type { LogPage, LogRequest } from '../runtime';

/** Appends to a file; when it is full it is renamed to `<file>.1`, and that to `<file>.2`, and so on. */
export class RotatingLog {
  private file: number;
  private size: number;

  constructor(
    private readonly path: string,
    private readonly largest: number,
    private readonly kept: number,
  ) {
    this.file = openSync(path, 'a', 0o600);
    this.size = fstatSync(this.file).size;
  }

  write(chunk: Buffer): void {
    if (this.size > 0 && this.size + chunk.length > this.largest) this.rotate();
    writeSync(this.file, chunk);
    this.size += chunk.length;
  }

  private rotate(): void {
    closeSync(this.file);
    for (let index = this.kept; index >= 1; index -= 1) {
      const from = index === 1 ? this.path : `${this.path}.${index - 1}`;
      try {
        renameSync(from, `${this.path}.${index}`);
      } catch {
        continue;
      }
    }
    this.file = openSync(this.path, 'a', 0o600);
    this.size = 0;
  }
}

/**
 * Reads the files of a {@link RotatingLog}. The cursor is an inode and an offset, so that a rotated file is found
 * again. The current file is read first: if it is rotated meanwhile, it is read twice rather than not at all.
 */
export function readLog(path: string, { tail, after }: LogRequest): LogPage {
  const [inode, place] = after?.split(':') ?? [];
  const current = readWhole(path);
  const rotated = current?.inode === inode ? undefined : readWhole(`${path}.1`);
  const files = [
    ...new Map([rotated, current].flatMap((file) => (file ? [[file.inode, file] as const] : []))).values(),
  ];
  const last = files.at(-1);
  if (!last) return { lines: [], cursor: '' };
  if (!after) return { lines: linesOf(files).slice(-tail), cursor: `${last.inode}:${last.content.length}` };
  const first = files.findIndex((file) => file.inode === inode);
  const fresh = files
    .slice(Math.max(0, first))
    .map((file, index) =>
      index === 0 && first >= 0 ? { ...file, content: file.content.subarray(Number(place)) } : file,
    );
  const partial = last.content.length - (last.content.lastIndexOf('\n') + 1);
  return { lines: linesOf(fresh, partial), cursor: `${last.inode}:${last.content.length - partial}` };
}

interface LogFile {
  inode: string;
  content: Buffer;
}

function readWhole(file: string): LogFile | undefined {
  if (!existsSync(file)) return undefined;
  const descriptor = openSync(file, 'r');
  try {
    return { inode: String(fstatSync(descriptor).ino), content: readFileSync(descriptor) };
  } finally {
    closeSync(descriptor);
  }
}

/** Lines of files in order, without some bytes at the end. */
function linesOf(files: LogFile[], without = 0): string[] {
  const text = Buffer.concat(files.map(({ content }) => content));
  return text
    .subarray(0, Math.max(0, text.length - without))
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}
