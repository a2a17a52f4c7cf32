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
/** What a process has started may hold its output open after its end, for ever. */
const outputMs = 500;

/**
 * The parent of one process instance, detached from the worker: it owns the logs, the exit code and the restarts, so
 * that the worker may die. Started with the instance's folder as its argument; the environment of the child comes as
 * JSON on stdin, so that no secret stands in an argument list or a file. SIGTERM stops the child (its stop signal, then
 * after the grace period SIGKILL, each to the whole group). With the child ends what it has started, also in sessions
 * of their own: they are known by a mark in their environment.
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
    keep(
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
      return keepLast(folder, { ...state, state: 'exited', exitCode });
    keep(
      folder,
      Object.assign(state, { state: 'restarting', exitCode, lastExit: exitCode, restarts: state.restarts + 1 }),
    );
    await new Promise((resolve) => setTimeout(resolve, Math.min(100 * 2 ** state.restarts, 60_000)));
    if (stopping) return keepLast(folder, { ...state, state: 'exited', exitCode });
  }
}

/**
 * A full disk takes no state: the child is supervised all the same, and its end is recorded as soon as there is room.
 */
async function keepLast(folder: InstanceFolder, state: ProcessState): Promise<void> {
  while (!keep(folder, state)) await sleep(recordAgainMs);
}

function keep(folder: InstanceFolder, state: ProcessState): boolean {
  try {
    folder.writeState(state);
    return true;
  } catch {
    return false;
  }
}

/**
 * The exit code; 128 and the signal's number where a signal ended it, 127 where it could not start. It is known as soon
 * as the process itself has ended; what it has started gets a moment for its last output, and is killed then.
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

// Whatever fails here must not leave the child without a parent: errors end nothing (stderr is the instance's log).
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
