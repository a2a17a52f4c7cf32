import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:os';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardProcess } from '../../guard/process';
import { forTimer } from '../../guard/timers';
import { identify } from '../../guard/process-identity';
import { killMarked } from '../marked-processes';
import { InstanceFolder, type ProcessState } from './instance-folder';
import { RotatingLog } from './rotating-log';
import { signalGroup } from './run-command';

const recordAgainMs = 1000;
/** Time for output after the exit: child processes may keep it open forever. */
const outputMs = 500;

/**
 * The parent of a process instance, detached from the worker: it owns logs, exit code and restarts, so that the worker
 * may die. Its argument is the instance's folder. The environment of the child is passed as JSON on stdin, to keep
 * secrets out of argument lists and files. SIGTERM stops the child: its stop signal, then SIGKILL after the grace
 * period, each to the whole group. Descendants end with the child, even in sessions of their own: a mark in their
 * environment identifies them.
 */
async function supervise(folder: InstanceFolder, environment: Record<string, string>): Promise<void> {
  const spec = folder.spec()!;
  const log = new RotatingLog(folder.log, 10_000_000, 3);
  const state: ProcessState = { state: 'running', supervisor: identify(process.pid), restarts: 0 };
  let child: ChildProcess | undefined;
  let stopping = false;

  process.on('SIGTERM', () => {
    if (stopping) return;
    stopping = true;
    if (!child?.pid) return;
    signalGroup(child.pid, (spec.stopSignal as NodeJS.Signals | undefined) ?? 'SIGTERM');
    setTimeout(() => child?.pid && signalGroup(child.pid, 'SIGKILL'), forTimer(spec.stopGraceMs)).unref();
  });

  for (;;) {
    const [program, ...args] = [...(spec.entrypoint ?? []), ...(spec.command ?? [])];
    const run = randomUUID();
    const mark = `DEPLOY_CODE_RUN=${run}`;
    child = spawn(program!, args, {
      cwd: spec.workingDir,
      env: { ...environment, DEPLOY_CODE_RUN: run },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout!.on('data', (chunk: Buffer) => log.write(chunk));
    child.stderr!.on('data', (chunk: Buffer) => log.write(chunk));
    tryWrite(
      folder,
      Object.assign(state, {
        state: 'running',
        child: child.pid && identify(child.pid),
        mark,
        startedAt: Date.now(),
        exitCode: undefined,
      }),
    );
    const exitCode = await exitOf(child, mark, log);
    state.mark = undefined;
    if (stopping || !mayRestart(folder.policy(), exitCode, state.restarts))
      return writeUntilDone(folder, { ...state, state: 'exited', exitCode });
    tryWrite(
      folder,
      Object.assign(state, { state: 'restarting', exitCode, lastExit: exitCode, restarts: state.restarts + 1 }),
    );
    await new Promise((resolve) => setTimeout(resolve, Math.min(100 * 2 ** state.restarts, 60_000)));
    if (stopping) return writeUntilDone(folder, { ...state, state: 'exited', exitCode });
  }
}

/** Retries until the state is written: on a full disk the exit is recorded as soon as there is space. */
async function writeUntilDone(folder: InstanceFolder, state: ProcessState): Promise<void> {
  while (!tryWrite(folder, state)) await sleep(recordAgainMs);
}

function tryWrite(folder: InstanceFolder, state: ProcessState): boolean {
  try {
    folder.writeState(state);
    return true;
  } catch {
    return false;
  }
}

/**
 * The exit code; 128 plus the signal's number after a signal, 127 if it could not start. Descendants get a moment for
 * their last output after the exit, and are then killed.
 */
async function exitOf(child: ChildProcess, mark: string, log: RotatingLog): Promise<number> {
  const closed = once(child, 'close').catch(() => undefined);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    const closes = () => Promise.race([closed, sleep(outputMs)]);
    await closes();
    signalGroup(child.pid!, 'SIGKILL');
    if ((await killMarked(mark)) > 0) await closes();
    return code ?? 128 + (signal ? constants.signals[signal] : 0);
  } catch (error) {
    log.write(Buffer.from(`${(error as Error).message}\n`));
    return 127;
  } finally {
    child.stdout!.destroy();
    child.stderr!.destroy();
  }
}

function mayRestart(policy: string, exitCode: number, restarts: number): boolean {
  if (policy === 'always' || policy === 'unless-stopped') return true;
  if (!policy.startsWith('on-failure') || exitCode === 0) return false;
  return restarts < Number(policy.split(':')[1] ?? Infinity);
}

// Errors must not end this process, or the child would lose its parent; they go to stderr, the instance's log.
guardProcess({ onError: (error) => console.error(`supervisor: ${error.message}`) });
void text(process.stdin)
  .then((input) => supervise(new InstanceFolder(process.argv[2]!), JSON.parse(input) as Record<string, string>))
  .then(
    () => process.exit(0),
    (error: Error) => {
      console.error(`supervisor: ${error.message}`);
      process.exit(1);
    },
  );
