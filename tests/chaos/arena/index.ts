import { cpSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { DeployCodeClient, DirectClient } from '../../../src/client';
import { images } from '../../support/image';
import { OwnEngine } from '../../support/own-engine';
import { WorkerProcess } from '../../support/worker-process';
import { Clock } from './clock';
import { DockerProxy } from './docker-proxy';
import { Peer } from './peer';
import { Registry } from '../../support/registry';
import { publish } from './registry-images';
import { ApiServer } from './server';
import { Temporal } from './temporal';

export const balancerImage = 'nginx:1.28';

/** Secrets that are planted; nothing that the engine writes may hold them. */
export const planted = { file: 'chaos-file-secret-8801', variable: 'chaos-variable-secret-8802' };

/** Who asks through the server. */
const subject = 'user:chaos';

/** Where pulls are kept until they are whole: room for the images that are loaded at first, too. */
const pullSpace = 1024 ** 3;
const leftWhenFull = 256 * 1024;
const stateSpace = 512 * 1024 ** 2;

/**
 * Everything real that a deployment needs, each part a process that can be killed. Lives in a network namespace of its
 * own.
 */
export class Arena {
  readonly folder = mkdtempSync(join(tmpdir(), 'deploy-code-chaos-'));
  readonly secretFile = join(this.folder, 'secret');
  /** Where Temporal and the worker keep what must last: a small disk of their own. */
  private readonly stateFolder = join(this.folder, 'state');
  readonly temporal = new Temporal(this.stateFolder);
  readonly peer = new Peer();
  readonly clock = Clock.find(this.folder);
  readonly registry = Registry.find(this.folder);
  readonly engine: OwnEngine;
  readonly proxy: DockerProxy;
  readonly worker: WorkerProcess;
  readonly server = new ApiServer(this.temporal.address);
  client!: DirectClient;
  /** The same through the server. */
  remote!: DeployCodeClient;
  hasBalancer = false;
  private readonly pullFolder = join(this.folder, 'pulls');

  constructor() {
    mountMemory(this.pullFolder, pullSpace);
    mountMemory(this.stateFolder, stateSpace);
    this.engine = new OwnEngine({ inThisNetwork: true, temporaryFiles: this.pullFolder });
    this.proxy = new DockerProxy(join(this.folder, 'proxy.sock'), this.engine.socket);
    this.worker = this.makeWorker();
  }

  async open(): Promise<void> {
    writeFileSync(this.secretFile, planted.file);
    this.hasBalancer = await new Docker()
      .getImage(balancerImage)
      .inspect()
      .then(
        () => true,
        () => false,
      );
    const engine = this.engine.create([...Object.values(images), ...(this.hasBalancer ? [balancerImage] : [])]);
    await Promise.all([engine, this.proxy.start(), this.temporal.start(), this.registry?.start(), this.peer.start()]);
    if (this.registry) await publish(this.engine.docker, this.registry);
    await this.worker.start();
    this.client = await DirectClient.connect({ address: this.temporal.address });
    await this.client.access.grant({ subject, role: 'admin', scope: '*' });
    const { token } = await this.client.access.createToken(subject);
    await this.server.start();
    this.remote = await DeployCodeClient.connect({ server: this.server.url, token });
  }

  /** `keep`: its files are left for somebody to look at. */
  async close(keep = false): Promise<void> {
    await this.client?.close();
    await this.server.kill();
    await this.worker.kill();
    await this.temporal.kill();
    await this.registry?.kill();
    this.proxy.stop();
    this.peer.stop();
    if (keep)
      writeFileSync(
        join(this.folder, 'containers.json'),
        JSON.stringify(await this.engine.docker.listContainers({ all: true }), null, 1),
      );
    await this.engine.destroy();
    execFileSync('umount', ['--lazy', this.pullFolder]);
    if (keep) cpSync(this.stateFolder, join(this.folder, 'state-kept'), { recursive: true });
    execFileSync('umount', ['--lazy', this.stateFolder]);
    if (keep) writeFileSync(join(this.folder, 'worker.log'), this.worker.lines.join('\n'));
    else rmSync(this.folder, { recursive: true, force: true });
  }

  makeWorker(): WorkerProcess {
    const environment = {
      DOCKER_HOST: `unix://${this.proxy.socket}`,
      CHAOS_SECRET: planted.variable,
      ...this.clock?.environment,
    };
    return new WorkerProcess('default', join(this.stateFolder, 'data'), environment, this.temporal.address, true);
  }

  /** Leaves no room for what is pulled, until the file is removed. */
  fillDisk(): void {
    fill(this.pullFolder, leftWhenFull);
  }

  freeDisk(): void {
    free(this.pullFolder);
  }

  /** Leaves no room for what Temporal and the worker write. */
  fillState(): void {
    fill(this.stateFolder, 0);
  }

  freeState(): void {
    free(this.stateFolder);
  }
}

function mountMemory(folder: string, size: number): void {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
}

/** Others write meanwhile: where there is less room than was just seen, it looks again. */
function fill(folder: string, leave: number): void {
  const file = join(folder, 'full');
  let said = '';
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const { bavail, bsize } = statfsSync(folder);
    const size = bavail * bsize - leave;
    if (size <= 0) return;
    const { status, stderr } = spawnSync('fallocate', ['-l', String(size), file], { encoding: 'utf8' });
    if (status === 0) return;
    said = stderr;
    rmSync(file, { force: true });
  }
  throw new Error(`${folder} could not be filled: ${said}`);
}

function free(folder: string): void {
  rmSync(join(folder, 'full'), { force: true });
}
