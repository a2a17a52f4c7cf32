import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { EngineUnreachable } from '../../temporal/errors';
import { freePort } from '../../guard/free-port';
import type { UiAddress } from './ui-guard';

const readyWithinMs = 30_000;
const retention = '720h';

/** The dev server's defaults are slow; with these, ten activities take 180 ms instead of 1 s. */
export const tuning = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxTimeShift="10ms"',
  'system.enableActivityEagerExecution=true',
]
  .flatMap((value) => ['--dynamic-config-value', value])
  .concat(['journal_mode=WAL', 'synchronous=NORMAL'].flatMap((pragma) => ['--sqlite-pragma', pragma]));

export interface ServerOptions {
  cli: string;
  port: number;
  /** Address of its UI. */
  ui: UiAddress;
  folder: string;
  /** Called with the process, before the server answers. */
  started?: (server: ChildProcess) => void;
}

/** Starts an embedded Temporal on a file database and waits until it answers. */
export async function startServer({ cli, port, ui, folder, started }: ServerOptions): Promise<ChildProcess> {
  const ports = ['--port', String(port), '--ui-ip', ui.host, '--ui-port', String(ui.port), ...(await httpApi())];
  const log = openSync(temporalLog(folder), 'a', 0o600);
  const server = spawn(
    cli,
    ['server', 'start-dev', '--db-filename', join(folder, 'temporal.db'), ...ports, '--log-level', 'warn', ...tuning],
    { stdio: ['ignore', log, log], detached: true },
  );
  started?.(server);
  await untilReady(server, port, temporalLog(folder));
  await promisify(execFile)(cli, [
    'operator',
    'namespace',
    'update',
    '--namespace',
    'default',
    '--retention',
    retention,
    '--address',
    `127.0.0.1:${port}`,
  ]);
  return server;
}

/**
 * Temporal's HTTP API, which nothing uses, answers for no name that a browser could reach it by: any page may send it a
 * form that starts a workflow.
 */
async function httpApi(): Promise<string[]> {
  const name = `${randomUUID()}.invalid`;
  return ['--http-port', String(await freePort()), '--dynamic-config-value', `frontend.httpAllowedHosts=["${name}"]`];
}

/** Log file of the server of a development engine. */
export function temporalLog(folder: string): string {
  return join(folder, 'temporal.log');
}

async function untilReady(server: ChildProcess, port: number, log: string): Promise<void> {
  for (const deadline = Date.now() + readyWithinMs; Date.now() < deadline; await sleep(100)) {
    const ended = server.exitCode ?? server.signalCode;
    if (ended !== null) throw new EngineUnreachable(`the Temporal server exited (${ended})`, `see ${log}`);
    const connection = await Connection.connect({ address: `127.0.0.1:${port}`, connectTimeout: '1s' }).catch(
      () => undefined,
    );
    if (!connection) continue;
    const known = await connection.workflowService.describeNamespace({ namespace: 'default' }).catch(() => undefined);
    await connection.close();
    if (known) return;
  }
  throw new EngineUnreachable(`the Temporal server did not answer within ${readyWithinMs / 1000} s`, `see ${log}`);
}
