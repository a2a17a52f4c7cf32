import { mkdir, open, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEntry, AuditRecord } from '../../model/audit';
import { follow } from './chain';

const staleMs = 30_000;
const pauseMs = 20;

/** A trail as a file of JSON lines, which is only ever appended to. Workers that share the folder share the trail. */
export class TrailFile {
  constructor(private readonly file: string) {}

  async read(): Promise<AuditRecord[]> {
    const text = await readFile(this.file, 'utf8').catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? '' : Promise.reject(error)));
    return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean).map((line) => JSON.parse(line) as AuditRecord);
  }

  /** Written through to the disk once it resolves. An entry that is there already is not written twice. */
  async append(entry: AuditEntry): Promise<AuditRecord> {
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
    return this.alone(async () => {
      const records = await this.read();
      const present = records.findLast(({ id }) => id === entry.id);
      if (present) return present;
      const record = follow(records.at(-1), entry);
      await this.write(`${JSON.stringify(record)}\n`);
      return record;
    });
  }

  /** What a crash has cut off in the middle of a line was never acknowledged: it goes. */
  private async write(line: string): Promise<void> {
    const handle = await open(this.file, 'a+', 0o600);
    try {
      const text = await handle.readFile('utf8');
      if (!text.endsWith('\n') && text !== '') await handle.truncate(Buffer.byteLength(text.slice(0, text.lastIndexOf('\n') + 1)));
      await handle.appendFile(line);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  private async alone<T>(work: () => Promise<T>): Promise<T> {
    const lock = `${this.file}.lock`;
    const held = await this.take(lock);
    try {
      return await work();
    } finally {
      await held.close();
      await rm(lock, { force: true });
    }
  }

  /** A lock whose holder died is taken over. */
  private async take(lock: string): Promise<FileHandle> {
    for (;;) {
      const held = await open(lock, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => (error.code === 'EEXIST' ? undefined : Promise.reject(error)));
      if (held) return held;
      const since = await stat(lock).then(({ mtimeMs }) => mtimeMs, () => Date.now());
      if (Date.now() - since > staleMs) await rm(lock, { force: true });
      else await sleep(pauseMs);
    }
  }
}
