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
/** Only for holders on other machines: one on this machine is asked whether it lives. */
const staleMs = 30_000;

interface Holder {
  token: string;
  host: string;
  pid: number;
  /** When the process started, by its kernel: the number of a process is used again. */
  started: string;
}

type Condition = (holder: Holder, ageMs: number) => boolean;

/**
 * Runs work while no other process, on this machine or on another that shares the folder, runs work under the same
 * lock. The lock of a process that has died is taken over; one that lives keeps its own, however slow it is. Rejects
 * with the signal's reason where that aborts before the lock is free.
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

/** A link to a file that is complete: nobody ever reads half a holder. */
async function take(file: string, holder: Holder, signal?: AbortSignal): Promise<void> {
  const own = `${file}.${holder.token}`;
  await writeFile(own, JSON.stringify(holder), { mode: 0o600, flag: 'wx' });
  try {
    while (!(await linked(own, file))) {
      signal?.throwIfAborted();
      if (!(await removeIf(file, isGone, signal))) await sleep(pauseMs);
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
 * Every removal is done under a second, short lock: between the look and the removal nobody can put another lock in its
 * place.
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

/** A lock of earlier versions holds a bare token, and counts as one of another machine. */
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

function isGone({ host, pid, started }: Holder, ageMs: number): boolean {
  return host === hostname() && started !== '' ? startOf(pid) !== started : ageMs > staleMs;
}

/** Since the boot, in ticks of the kernel; undefined where there is no such process. */
function startOf(pid: number): string | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
