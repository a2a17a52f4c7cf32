import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InstanceRef, InstanceSpec, SecretMount } from '../../model/instance';
import type { InstanceStatus } from '../../model/instance-status';
import type { OpenCommand, OpenCommandOptions } from '../open-command';
import {
  RuntimeError,
  type ExecResult,
  type LogPage,
  type LogRequest,
  type Scope,
  type SecretReader,
} from '../runtime';
import { isSameScope, mustBeWithin, refuseTaken } from '../scope';
import { isAlive } from '../../guard/process-identity';
import { InstanceFolder, type ProcessState } from './instance-folder';
import { readLog } from './rotating-log';
import { openCommand } from './open-command';
import { runCommand, signalGroup } from './run-command';
import { killMarked } from '../marked-processes';
import { monotonicMs } from '../../guard/monotonic';

export interface ProcessOptions {
  /** Folder of the state and logs of instances. */
  dataDir: string;
  secrets: SecretReader;
  /** Path of the compiled supervisor. */
  supervisor?: string;
}

/** Lifecycle of processes, each with its own supervisor. Of one environment; without a scope, of all. */
export class ProcessInstances {
  constructor(
    private readonly options: ProcessOptions,
    private readonly scope?: Scope,
  ) {}

  names(): string[] {
    return existsSync(this.options.dataDir) ? readdirSync(this.options.dataDir).filter(isFolderName) : [];
  }

  /** The folder of an instance of any owner, for listings. */
  folder(name: string): InstanceFolder {
    return new InstanceFolder(join(this.options.dataDir, folderName(name)));
  }

  /** @throws RuntimeError of kind `missing` if this environment has no such instance */
  specOf(name: string): InstanceSpec {
    const spec = this.find(name);
    if (!spec) throw new RuntimeError('missing', `there is no instance ${name}`);
    return spec;
  }

  /** Undefined if there is no such instance, or it belongs to another environment and must not be touched. */
  private find(name: string): InstanceSpec | undefined {
    const spec = this.folder(name).spec();
    return spec && (!this.scope || isSameScope(this.scope, spec)) ? spec : undefined;
  }

  async create(spec: InstanceSpec): Promise<void> {
    if (this.scope) mustBeWithin(this.scope, spec);
    const found = this.folder(spec.name).spec();
    if (found) return refuseTaken(this.scope ?? spec, spec, found);
    this.folder(spec.name).create(spec, await this.options.secrets.files(spec));
  }

  /** The last state from its supervisor; `exited` if the supervisor is dead. */
  status(name: string): (ProcessState & { hash: string }) | undefined {
    const folder = this.folder(name);
    const spec = folder.spec();
    if (!spec) return undefined;
    const reported = folder.state();
    const isUp = reported.state === 'running' || reported.state === 'restarting';
    return {
      ...reported,
      hash: spec.hash,
      ...(isUp && !isAlive(reported.supervisor) && { state: 'exited', exitCode: undefined }),
    };
  }

  async inspect(name: string): Promise<InstanceStatus | undefined> {
    const status = this.find(name) && this.status(name);
    return status && { ...status, outOfMemory: false };
  }

  async lastExit(name: string): Promise<number | undefined> {
    return this.find(name) && this.status(name)?.lastExit;
  }

  async start(name: string): Promise<void> {
    const status = this.find(name) && this.status(name);
    if (!status) throw new RuntimeError('missing', `there is no instance ${name}`);
    if (status.state === 'running' || status.state === 'restarting') return;
    await this.killOrphan(status);
    const folder = this.folder(name);
    const environment = await this.environment(folder);
    const errors = openSync(folder.log, 'a', 0o600);
    const supervisor = spawn(
      process.execPath,
      [this.options.supervisor ?? join(__dirname, 'supervisor.js'), folder.path],
      { detached: true, stdio: ['pipe', errors, errors] },
    );
    closeSync(errors);
    supervisor.stdin!.end(JSON.stringify(environment));
    supervisor.unref();
    await this.until(
      name,
      ({ startedAt }) => startedAt !== undefined && startedAt !== status.startedAt,
      10_000,
      'start',
    );
  }

  async waitForExit(name: string, signal: AbortSignal): Promise<number | undefined> {
    if (!this.find(name)) return undefined;
    const before = this.status(name)?.restarts;
    while (!signal.aborted) {
      const status = this.status(name);
      if (!status || status.state !== 'running' || status.restarts !== before)
        return status?.lastExit ?? status?.exitCode;
      await sleep(50, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  }

  async retire({ name, stopGraceMs }: Pick<InstanceRef, 'name' | 'stopGraceMs'>): Promise<void> {
    const folder = this.folder(name);
    const status = this.find(name) && this.status(name);
    if (!status) return;
    folder.writePolicy('no');
    if (status.state === 'running' || status.state === 'restarting') {
      process.kill(status.supervisor!.pid, 'SIGTERM');
      await this.until(name, ({ state }) => state === 'exited', stopGraceMs + 10_000, 'stop');
    }
    await this.killOrphan(this.status(name) ?? status);
  }

  async revive({ name, restart }: InstanceRef): Promise<void> {
    this.specOf(name);
    this.folder(name).writePolicy(restart);
    await this.start(name);
  }

  async remove(ref: Pick<InstanceRef, 'name' | 'stopGraceMs'>): Promise<void> {
    if (!this.find(ref.name)) return;
    await this.retire(ref);
    rmSync(this.folder(ref.name).path, { recursive: true, force: true });
  }

  async putSecrets(name: string, secrets: SecretMount[]): Promise<void> {
    const folder = this.folder(name);
    this.specOf(name);
    folder.putSecrets(await this.options.secrets.files({ secrets }));
  }

  async exec(name: string, command: string[], timeoutMs: number): Promise<ExecResult> {
    const folder = this.folder(name);
    const { workingDir: cwd } = this.specOf(name);
    return runCommand(command, { cwd, env: await this.environment(folder), timeoutMs });
  }

  async openCommand(name: string, command: string[], options: OpenCommandOptions): Promise<OpenCommand> {
    const folder = this.folder(name);
    const { workingDir: cwd } = this.specOf(name);
    return openCommand(command, { cwd, env: await this.environment(folder) }, options);
  }

  async logs(name: string, request: LogRequest): Promise<LogPage> {
    this.specOf(name);
    if (request.since !== undefined || request.until !== undefined || request.shown)
      throw new RuntimeError('software', 'the runtime process keeps no times of log lines');
    return readLog(this.folder(name).log, request);
  }

  /** Environment variables of an instance: the worker's PATH and HOME, ports, variables and secrets. */
  private async environment(folder: InstanceFolder): Promise<Record<string, string>> {
    const spec = folder.spec()!;
    const [first] = spec.ports;
    const { PATH = '', HOME = '' } = process.env;
    return {
      PATH,
      HOME,
      ...(first && { PORT: String(first.host) }),
      ...Object.fromEntries(spec.ports.map(({ container, host }) => [`PORT_${container}`, String(host)])),
      DEPLOY_CODE_FILES: folder.files,
      DEPLOY_CODE_INSTANCE: `${spec.service}-${spec.ordinal}`,
      ...spec.variables,
      ...(await this.options.secrets.variables(spec)),
    };
  }

  /** Kills a child without a supervisor and its descendants, so that they do not run beside a successor. */
  private async killOrphan({ child, mark }: ProcessState): Promise<void> {
    if (mark) await killMarked(mark);
    if (child && isAlive(child)) signalGroup(child.pid, 'SIGKILL');
  }

  private async until(
    name: string,
    reached: (state: ProcessState) => boolean,
    deadlineMs: number,
    action: string,
  ): Promise<void> {
    for (const deadline = monotonicMs() + deadlineMs; monotonicMs() < deadline; await sleep(5)) {
      const status = this.status(name);
      if (!status || reached(status)) return;
    }
    throw new RuntimeError('platform', `the supervisor of ${name} did not ${action} it within ${deadlineMs} ms`);
  }
}

/** Instance names become folder names: rejects names that could lead out of the data folder. */
function isFolderName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name);
}

function folderName(name: string): string {
  if (isFolderName(name)) return name;
  throw new RuntimeError('missing', `there is no instance ${JSON.stringify(name)}`);
}
