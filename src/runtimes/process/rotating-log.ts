import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import type { LogPage, LogRequest } from '../runtime';

/** Appends to a file; when that is full it becomes `<file>.1`, which becomes `<file>.2`. */
export class RotatingLog {
  private file: number;
  private size: number;

  constructor(private readonly path: string, private readonly largest: number, private readonly kept: number) {
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

/** Reads what a {@link RotatingLog} wrote, whole lines only. The cursor is a file and a place in it: a rotated file is found again by its inode. */
export function readLog(path: string, { tail, after }: LogRequest): LogPage {
  const files = [`${path}.1`, path].filter((file) => existsSync(file)).map((file) => ({ inode: String(statSync(file).ino), content: readFileSync(file) }));
  const [inode, place] = after?.split(':') ?? [];
  const first = files.findIndex((file) => file.inode === inode);
  const fresh = files.slice(Math.max(0, first)).map(({ content }, index) => (index === 0 && first >= 0 ? content.subarray(Number(place)) : content));
  const lines = wholeLines(Buffer.concat(fresh)).toString('utf8').split('\n').filter((line) => line !== '');
  const last = files.at(-1);
  return { lines: after === undefined ? lines.slice(-tail) : lines, cursor: last ? `${last.inode}:${wholeLines(last.content).length}` : '' };
}

function wholeLines(content: Buffer): Buffer {
  return content.subarray(0, content.lastIndexOf('\n') + 1);
}
