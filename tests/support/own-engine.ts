import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';

const startWithinMs = 60_000;

/** Why this machine cannot have a second Docker Engine; undefined where it can. */
export function ownEngineMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = ['/usr/sbin/ip', '/usr/bin/nsenter', '/usr/sbin/dockerd'].filter((program) => !existsSync(program));
  return missing.length > 0 ? `needs ${missing.join(', ')}` : undefined;
}

let networks = 0;

/** A network namespace of the test's own: a second Docker Engine beside the first would take its bridge. */
export class OwnNetwork {
  readonly name = `deploy-code-${process.pid}${networks++ === 0 ? '' : `-${networks}`}`;
  /** What runs a command in it. */
  readonly enter = ['nsenter', `--net=/run/netns/${this.name}`];

  create(): void {
    ip('netns', 'add', this.name);
    ip('-n', this.name, 'link', 'set', 'lo', 'up');
  }

  destroy(): void {
    ip('netns', 'del', this.name);
  }
}

export function ip(...words: string[]): void {
  execFileSync('ip', words);
}

/** A Docker Engine of the test's own; in a network namespace of its own too, unless this process is in one already. */
export class OwnEngine {
  readonly folder = mkdtempSync(join(tmpdir(), 'deploy-code-engine-'));
  readonly network?: OwnNetwork;
  readonly socket = join(this.folder, 'docker.sock');
  readonly docker = new Docker({ socketPath: this.socket });
  /** Changes when the daemon begins to end, and when it has ended: containers end with it. */
  ends = 0;
  private daemon?: ChildProcess;

  /** `flags`: more of them. `temporaryFiles`: where it keeps what it pulls until it is whole. */
  constructor(private readonly options: { inThisNetwork?: boolean; temporaryFiles?: string; flags?: string[] } = {}) {
    if (!options.inThisNetwork) this.network = new OwnNetwork();
  }

  async create(images: string[]): Promise<void> {
    this.network?.create();
    await this.start();
    const archive = join(this.folder, 'images.tar');
    execFileSync('docker', ['save', '-o', archive, ...images]);
    execFileSync('docker', ['-H', `unix://${this.socket}`, 'load', '-q', '-i', archive]);
  }

  async start(): Promise<void> {
    const log = openSync(join(this.folder, 'dockerd.log'), 'a');
    const at = (name: string) => join(this.folder, name);
    const options = [
      '--data-root',
      at('data'),
      '--exec-root',
      at('exec'),
      '--pidfile',
      at('pid'),
      '-H',
      `unix://${this.socket}`,
      ...(this.options.flags ?? []),
    ];
    const [program, ...rest] = [...(this.network?.enter ?? []), 'dockerd', ...options];
    const environment = {
      ...process.env,
      ...(this.options.temporaryFiles && { DOCKER_TMPDIR: this.options.temporaryFiles }),
    };
    rmSync(at('pid'), { force: true });
    this.daemon = spawn(program!, rest, { stdio: ['ignore', log, log], env: environment });
    for (const deadline = Date.now() + startWithinMs; Date.now() < deadline; await sleep(100)) {
      if (
        await this.docker.ping().then(
          () => true,
          () => false,
        )
      )
        return;
      if (this.daemon.exitCode !== null) return this.start();
    }
    throw new Error(`the engine does not answer: look at ${at('dockerd.log')}`);
  }

  /** As `systemctl stop docker` does: running containers are stopped. */
  stop(): Promise<void> {
    return this.end('SIGTERM');
  }

  /** kill -9: containers go on until it is back. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  async destroy(): Promise<void> {
    for (const { Id } of await this.docker.listContainers({ all: true }))
      await this.docker.getContainer(Id).remove({ force: true, v: true });
    await this.stop();
    this.reap();
    this.network?.destroy();
    this.unmount();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** An engine that was killed has lost sight of some of its containers. */
  private reap(): void {
    const shims = pidsOf((command) => command.includes('containerd-shim') && command.includes(this.folder));
    for (const pid of [...shims.flatMap(childrenOf), ...shims]) process.kill(pid, 'SIGKILL');
  }

  /** An engine that was killed has left mounts behind that the next one did not know of. */
  private unmount(): void {
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '');
    for (const path of mounts.filter((each) => each.startsWith(this.folder)).reverse())
      execFileSync('umount', ['-l', path]);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const gone = once(this.daemon!, 'exit');
    this.ends += 1;
    this.daemon!.kill(signal);
    await gone;
    this.ends += 1;
  }
}

function pidsOf(wanted: (command: string) => boolean): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => wanted(contentOf(`/proc/${pid}/cmdline`)));
}

function childrenOf(pid: number): number[] {
  return contentOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** Empty where the process has ended meanwhile. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
