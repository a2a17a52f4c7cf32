import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AuditEntry, AuditRecord } from '../../model/audit';
import { follow } from './chain';
import { underLock } from './file-lock';
import type { Marking, Trail } from './trail';

const queues = new Map<string, Promise<unknown>>();

/** A trail as a file of JSON lines, which is only ever appended to. Workers that share the folder share the trail. */
export class TrailFile implements Trail {
  constructor(private readonly file: string, private readonly mark: Marking) {}

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
      const record = follow(records.at(-1), entry, this.mark);
      await this.write(`${JSON.stringify(record)}\n`);
      return record;
    });
  }

  /** Adds the records of another trail that this one lacks: a copy of it. */
  async copy(records: readonly AuditRecord[]): Promise<void> {
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
    await this.alone(async () => {
      const present = await this.read();
      const missing = records.slice(present.length);
      if (missing.length > 0) await this.write(missing.map((record) => `${JSON.stringify(record)}\n`).join(''));
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

  /** One at a time: by a queue within this process, by a lock among processes. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = (queues.get(this.file) ?? Promise.resolve()).then(() => underLock(`${this.file}.lock`, work));
    queues.set(this.file, turn.catch(() => undefined));
    return turn;
  }
}
