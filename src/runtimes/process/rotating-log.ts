import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

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
