import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, lstat, lutimes, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStart } from './regular-file';

const pauseMs = 20;
/** In bytes. */
const largestHolder = 4096;
const refreshMs = 5000;
/** Only for holders on other machines: on this machine, the process of the holder is checked. */
const staleMs = 30_000;

interface Holder {
  token: string;
  host: string;
  pid: number;
  /** Start time of the process by its kernel, because process IDs are reused. */
  started: string;
}

type Condition = (holder: Holder, ageMs: number) => boolean;

/**
 * Runs work under a lock that excludes other processes, on this machine and on others that share the folder. The lock
 * of a dead process is taken over; a live process keeps its lock, however slow it is. Rejects with the reason of the
 * signal if that aborts before the lock is free.
 */
export async function underLock<T>(file: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const holder: Holder = {
    token: randomUUID(),
    host: hostname(),
    pid: process.pid,
    started: startOf(process.pid) ?? '',
  };
  await take(file, holder, signal);
  const refresh = setInterval(() => void lutimes(file, new Date(), new Date()).catch(() => undefined), refreshMs);
  try {
    return await work();
  } finally {
    clearInterval(refresh);
    await removeIf(file, ({ token }) => token === holder.token);
  }
}

/** Links to a complete file, so that no process reads a partly written holder. */
async function take(file: string, holder: Holder, signal?: AbortSignal): Promise<void> {
  const own = `${file}.${holder.token}`;
  await writeFile(own, JSON.stringify(holder), { mode: 0o600, flag: 'wx' });
  try {
    while (!(await linked(own, file))) {
      signal?.throwIfAborted();
      if (!(await removeIf(file, isDead, signal))) await sleep(pauseMs);
    }
  } finally {
    await rm(own, { force: true });
  }
}

function linked(from: string, to: string): Promise<boolean> {
  return link(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => (error.code === 'EEXIST' ? false : Promise.reject(error)),
  );
}

/**
 * Removes a lock under a second, short lock, so that no other process can replace the lock between the check and the
 * removal.
 */
async function removeIf(file: string, condition: Condition, signal?: AbortSignal): Promise<boolean> {
  const removing = `${file}.removing`;
  while (!(await created(removing))) {
    signal?.throwIfAborted();
    if ((await ageOf(removing)) > staleMs) await rm(removing, { force: true });
    else await sleep(pauseMs);
  }
  try {
    const holder = await readHolder(file);
    if (!holder || !condition(holder, await ageOf(file))) return false;
    await rm(file, { force: true });
    return true;
  } finally {
    await rm(removing, { force: true });
  }
}

function created(file: string): Promise<boolean> {
  return writeFile(file, '', { flag: 'wx', mode: 0o600 }).then(
    () => true,
    (error: NodeJS.ErrnoException) => (error.code === 'EEXIST' ? false : Promise.reject(error)),
  );
}

/** A lock of earlier versions contains only a token, and is treated as one of another machine. */
async function readHolder(file: string): Promise<Holder | undefined> {
  const text = await readStart(file, largestHolder).catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return { token: text, host: '', pid: 0, started: '' };
  }
}

async function ageOf(file: string): Promise<number> {
  return lstat(file).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
}

function isDead({ host, pid, started }: Holder, ageMs: number): boolean {
  return host === hostname() && started !== '' ? startOf(pid) !== started : ageMs > staleMs;
}

/** Start time in kernel ticks since boot; undefined if there is no such process. */
function startOf(pid: number): string | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
