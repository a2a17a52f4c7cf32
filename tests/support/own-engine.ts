import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
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

/** A Docker Engine of the test's own, in its own network namespace: one beside the first would take its bridge. */
export class OwnEngine {
  private readonly folder = mkdtempSync(join(tmpdir(), 'deploy-code-engine-'));
  private readonly namespace = `deploy-code-${process.pid}`;
  private readonly socket = join(this.folder, 'docker.sock');
  readonly docker = new Docker({ socketPath: this.socket });
  private daemon?: ChildProcess;

  async create(images: string[]): Promise<void> {
    execFileSync('ip', ['netns', 'add', this.namespace]);
    execFileSync('ip', ['-n', this.namespace, 'link', 'set', 'lo', 'up']);
    await this.start();
    const archive = join(this.folder, 'images.tar');
    execFileSync('docker', ['save', '-o', archive, ...images]);
    execFileSync('docker', ['-H', `unix://${this.socket}`, 'load', '-q', '-i', archive]);
  }

  async start(): Promise<void> {
    const log = openSync(join(this.folder, 'dockerd.log'), 'a');
    const at = (name: string) => join(this.folder, name);
    const options = ['--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid'), '-H', `unix://${this.socket}`];
    this.daemon = spawn('nsenter', [`--net=/run/netns/${this.namespace}`, 'dockerd', ...options], { stdio: ['ignore', log, log] });
    for (const deadline = Date.now() + startWithinMs; Date.now() < deadline; await sleep(100)) if (await this.docker.ping().then(() => true, () => false)) return;
    throw new Error(`the engine does not answer: look at ${at('dockerd.log')}`);
  }

  /** As `systemctl stop docker` does: running containers are stopped. */
  async stop(): Promise<void> {
    const gone = once(this.daemon!, 'exit');
    this.daemon!.kill('SIGTERM');
    await gone;
  }

  async destroy(): Promise<void> {
    for (const { Id } of await this.docker.listContainers({ all: true })) await this.docker.getContainer(Id).remove({ force: true, v: true });
    await this.stop();
    execFileSync('ip', ['netns', 'del', this.namespace]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
