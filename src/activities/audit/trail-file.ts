import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEntry, AuditRecord } from '../../model/audit';
import { follow } from './chain';
import type { Trail } from './trail';

const staleMs = 30_000;
const pauseMs = 20;
const queues = new Map<string, Promise<unknown>>();

/** A trail as a file of JSON lines, which is only ever appended to. Workers that share the folder share the trail. */
export class TrailFile implements Trail {
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

  /** One at a time: by a queue within this process, by a lock among processes. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = (queues.get(this.file) ?? Promise.resolve()).then(() => this.locked(work));
    queues.set(this.file, turn.catch(() => undefined));
    return turn;
  }

  private async locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = `${this.file}.lock`;
    const token = randomUUID();
    await this.take(lock, token);
    try {
      return await work();
    } finally {
      await this.release(lock, token);
    }
  }

  /** A lock whose holder died is taken over. */
  private async take(lock: string, token: string): Promise<void> {
    for (;;) {
      const taken = await writeFile(lock, token, { flag: 'wx', mode: 0o600 }).then(() => true, (error: NodeJS.ErrnoException) => (error.code === 'EEXIST' ? false : Promise.reject(error)));
      if (taken) return;
      const holder = await readFile(lock, 'utf8').catch(() => '');
      const since = await stat(lock).then(({ mtimeMs }) => mtimeMs, () => Date.now());
      if (Date.now() - since > staleMs) await this.release(lock, holder);
      else await sleep(pauseMs);
    }
  }

  /** Only the holder's own lock goes, not the one of somebody who has taken it over. */
  private async release(lock: string, holder: string): Promise<void> {
    if ((await readFile(lock, 'utf8').catch(() => undefined)) === holder) await rm(lock, { force: true });
  }
}
