import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify } from '../../guard/process-identity';
import { findDevelopmentEngine } from '../../temporal/connection/development';
import { BadRequest, EngineUnreachable } from '../../temporal/errors';
import { endProcesses } from '../../worker/end-processes';
import { freePort } from '../../guard/free-port';
import { underLock } from '../../guard/file-lock';
import { guardProcess } from '../../guard/process';
import { serveApi } from './api';
import { SupervisedWorker } from './keep-worker';
import { endProcess, Parts } from './parts';
import { cacheFolder, engineFolder, forget, lockFile, prepareFolders, recall, remember } from './state';
import { findTemporalCli } from './temporal-cli';
import { startServer, temporalLog } from './temporal-server';
import { guardUi, hiddenAddress } from './ui-guard';
import { reportOutages, untilTemporalExits } from './watch-temporal';
import { printText, say } from '../output/terminal';
import { counted } from '../output/words';

export interface DevOptions {
  detach?: boolean;
  stop?: boolean;
  port: number;
  uiPort: number;
  apiPort?: number;
}

const startWithinMs = 600_000;
const stopWithinMs = 30_000;
const lockWithinMs = 500;
/** A starting server may ignore SIGTERM; killing it loses nothing. */
const serverEndsWithinMs = 5000;

/** Runs a development engine: an embedded Temporal and a worker, in the foreground or background. */
export async function dev(options: DevOptions): Promise<void> {
  if (options.stop) return stop();
  const running = findDevelopmentEngine();
  if (running) {
    say(`the engine is already running: Temporal ${running.address}, UI ${running.ui}`);
    return;
  }
  return options.detach ? detach(options) : foreground(options);
}

/** Locks the folder from the start: two engines would write to the same database. */
async function foreground(options: DevOptions): Promise<void> {
  prepareFolders();
  let isAlone = false;
  const work = () => {
    isAlone = true;
    return runUntilStopped(options);
  };
  await underLock(lockFile, work, AbortSignal.timeout(lockWithinMs)).catch((error: unknown) => {
    if (isAlone) throw error;
    throw new BadRequest('another `deploy-code dev` is starting or stopping in this folder; wait for it, or stop it');
  });
}

/** Listens for signals before it starts anything, so that no process is left running. */
async function runUntilStopped(options: DevOptions): Promise<void> {
  const parts = new Parts();
  const running = run(options, parts);
  running.catch(() => undefined);
  try {
    await Promise.race([stopRequested(), running]);
  } finally {
    await parts.end();
  }
}

async function run({ port, uiPort, apiPort }: DevOptions, parts: Parts): Promise<void> {
  const cli = await findTemporalCli(cacheFolder, say, parts.signal);
  for (const each of [port, uiPort, apiPort]) if (each !== undefined) await requireFree(each);
  const address = `127.0.0.1:${port}`;
  const ui = `http://localhost:${uiPort}`;
  const dataDir = dataFolder();
  const hidden = await hiddenAddress();
  const uiGuard = (await guardUi(uiPort, hidden)).unref();
  parts.add(async () => {
    uiGuard.close();
    uiGuard.closeAllConnections();
  });
  const server = await startServer({
    cli,
    port,
    ui: hidden,
    folder: engineFolder,
    started: (child) => parts.add(() => endProcess(child, serverEndsWithinMs)),
  });
  guardProcess({ onError: (error) => say(`uncaught error: ${error.message}`) });
  const metricsPort = await freePort();
  const log = sizeOf(workerLog());
  const worker = new SupervisedWorker({
    start: () => startWorker(address, dataDir, metricsPort),
    say,
    log: workerLog(),
  });
  parts.add(() => endProcess(worker.release()));
  const [api] = await Promise.all([serveApi(address, apiPort), untilWorkerIsReady(worker.child, log)]);
  parts.add(api.close);
  remember({ address, ui, dataDir, pids: { dev: process.pid }, process: identify(process.pid) });
  say(
    `engine ready: dashboard ${api.origin}, API ${api.origin}/api/v1, Temporal ${address}, its UI ${ui}, ` +
      `worker ${worker.child.pid} (log ${workerLog()})`,
  );
  void reportOutages(address, say, parts.signal);
  await Promise.race([worker.keep(), untilTemporalExits(server, temporalLog(engineFolder))]);
}

function dataFolder(): string {
  return join(engineFolder, 'data');
}

function workerLog(): string {
  return join(engineFolder, 'worker.log');
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function startWorker(address: string, dataDir: string, port: number): ChildProcess {
  const log = openSync(workerLog(), 'a', 0o600);
  const environment = { ...process.env, TEMPORAL_ADDRESS: address, DEPLOY_CODE_DATA_DIR: dataDir };
  return spawn(process.execPath, [process.argv[1]!, 'worker', '--port', String(port)], {
    stdio: ['ignore', log, log],
    env: environment,
    detached: true,
  });
}

/** `from`: offset at which the log of this run starts. */
async function untilWorkerIsReady(worker: ChildProcess, from: number): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(50)) {
    const log = readFileSync(workerLog()).subarray(from);
    if (log.includes('worker is ready')) return;
    const ended = worker.exitCode ?? worker.signalCode;
    if (ended !== null) throw new EngineUnreachable(`the worker exited (${ended})`, `see ${workerLog()}`);
  }
  throw new EngineUnreachable('the worker was not ready within 30 s', `see ${workerLog()}`);
}

async function stopRequested(): Promise<void> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

/** Starts the foreground form in the background and waits until it is ready. */
async function detach({ port, uiPort, apiPort }: DevOptions): Promise<void> {
  prepareFolders();
  const file = join(engineFolder, 'dev.log');
  const log = openSync(file, 'w', 0o600);
  const background = spawn(
    process.execPath,
    [
      process.argv[1]!,
      'dev',
      '--port',
      String(port),
      '--ui-port',
      String(uiPort),
      ...(apiPort === undefined ? [] : ['--api-port', String(apiPort)]),
    ],
    { detached: true, stdio: ['ignore', log, log] },
  );
  background.unref();
  let shown = 0;
  // A slow download reports its progress.
  for (let deadline = Date.now() + startWithinMs; Date.now() < deadline; await sleep(50)) {
    const text = readFileSync(file, 'utf8');
    if (text.length > shown) deadline = Date.now() + startWithinMs;
    printText(text.slice(shown));
    shown = text.length;
    if (background.exitCode !== null) throw new EngineUnreachable('the engine did not start', `see ${file}`);
    if (findDevelopmentEngine()) return;
  }
  throw new EngineUnreachable('the engine was not ready in time', `see ${file}`);
}

/** Stops the engine of this folder and its process instances. Containers keep running until `deploy-code stop`. */
async function stop(): Promise<void> {
  const known = recall();
  if (known?.isRunning) {
    process.kill(known.engine.pids.dev, 'SIGTERM');
    for (const deadline = Date.now() + stopWithinMs + 5000; Date.now() < deadline && recall()?.isRunning;)
      await sleep(50);
  }
  const ended = known ? await endProcesses(dataFolder()) : 0;
  forget();
  const withIt = ended > 0 ? `; ${counted(ended, 'process instance')} ended with it` : '';
  say(known ? `the engine is stopped, and its state deleted${withIt}` : 'no engine runs in this folder');
}

async function requireFree(port: number): Promise<void> {
  const server = createServer();
  const busy = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(true));
    server.listen(port, '127.0.0.1', () => resolve(false));
  });
  await new Promise((resolve) => server.close(resolve));
  if (busy) throw new BadRequest(`port ${port} is in use; choose others with --port, --ui-port and --api-port`);
}
