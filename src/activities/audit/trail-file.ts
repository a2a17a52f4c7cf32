import { constants } from 'node:fs';
import type { AuditEntry, AuditRecord } from '../../model/audit';
import { follow } from './chain';
import { underLock } from '../../guard/file-lock';
import { makeFolders, openPlain, readPlain } from './plain-file';
import type { Marking, Trail } from './trail';

const queues = new Map<string, Promise<unknown>>();

/** A trail as an append-only file of JSON lines. Workers that share the folder share the trail. */
export class TrailFile implements Trail {
  constructor(
    private readonly file: string,
    private readonly mark: Marking,
  ) {}

  async read(): Promise<AuditRecord[]> {
    const text = (await readPlain(this.file)) ?? '';
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as AuditRecord);
  }

  /** Synced to disk when it resolves. An entry that is already there is not written again. */
  async append(entry: AuditEntry): Promise<AuditRecord> {
    await makeFolders(this.file);
    return this.exclusively(async () => {
      const records = await this.read();
      const present = records.findLast(({ id }) => id === entry.id);
      if (present) return present;
      const record = follow(records.at(-1), entry, this.mark);
      await this.write(`${JSON.stringify(record)}\n`);
      return record;
    });
  }

  /** Appends records of another trail that this one lacks. Waits for the lock until the signal aborts. */
  async copy(records: readonly AuditRecord[], signal: AbortSignal): Promise<void> {
    await makeFolders(this.file);
    await this.exclusively(async () => {
      const present = await this.read();
      const missing = records.slice(present.length);
      if (missing.length > 0) await this.write(missing.map((record) => `${JSON.stringify(record)}\n`).join(''));
    }, signal);
  }

  /** Removes a partial line that a crash left: it was never acknowledged. */
  private async write(line: string): Promise<void> {
    const handle = await openPlain(this.file, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT);
    try {
      const text = await handle.readFile('utf8');
      if (!text.endsWith('\n') && text !== '')
        await handle.truncate(Buffer.byteLength(text.slice(0, text.lastIndexOf('\n') + 1)));
      await handle.appendFile(line);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Runs work exclusively: a queue serialises this process, a lock all processes. */
  private exclusively<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = (queues.get(this.file) ?? Promise.resolve()).then(() => underLock(`${this.file}.lock`, work, signal));
    queues.set(
      this.file,
      turn.catch(() => undefined),
    );
    return turn;
  }
}
