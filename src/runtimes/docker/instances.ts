import { setTimeout as sleep } from 'node:timers/promises';
import type { Container, ContainerInspectInfo } from 'dockerode';
import { type Pack, pack } from 'tar-stream';
import type { ConfigFile, InstanceRef, InstanceSpec, SecretMount } from '../../model/instance';
import type { InstanceStatus } from '../../model/instance-status';
import { RuntimeError, type SecretReader } from '../runtime';
import { freeAddress } from './addresses';
import { join, readdress } from './attach';
import type { DockerConnection } from './connection';
import { toContainerOptions, toRestartPolicy } from './container-spec';
import { forever } from '../deadline';
import { answerMs, docker, dockerOr } from './errors';
import { lastExit } from './exits';
import { findImage } from './images';
import { readLabels } from './labels';
import { toState } from './observe';
import { remake } from './remake';

/** Between two looks at an instance whose exit is awaited. */
const lookMs = 5000;
const ghostDeadlineMs = 10_000;

/** Start and end of containers. */
export class DockerInstances {
  constructor(private readonly connection: DockerConnection, private readonly secrets: SecretReader) {}

  async create(spec: InstanceSpec): Promise<void> {
    const image = await this.imageFor(spec);
    const options = toContainerOptions(spec, image, await this.secrets.variables(spec), await this.addressFor(spec, spec.networks[0]?.name));
    const container = await dockerOr([409], undefined, () => this.connection.docker.createContainer(options));
    if (!container) {
      await this.adopt(spec);
      return;
    }
    await this.prepare(container, spec);
  }

  /** An address that somebody else has taken since is given up. */
  async start(name: string): Promise<void> {
    const start = () => dockerOr([304], undefined, async () => void (await this.container(name).start()));
    await start().catch(async (error: RuntimeError) => {
      if (error.reason !== 'address' || !(await readdress(this.connection, name))) throw error;
      await start();
    });
  }

  async inspect(name: string): Promise<InstanceStatus | undefined> {
    const info = await dockerOr([404], undefined, () => this.container(name).inspect());
    return info && toStatus(info);
  }

  async waitForExit(name: string, signal: AbortSignal): Promise<number | undefined> {
    const wait = this.container(name).wait({ condition: 'not-running', abortSignal: signal });
    wait.catch(() => undefined);
    const status = await this.inspect(name);
    if (isDown(status)) return status?.exitCode;
    const over = new AbortController();
    try {
      const told = docker(() => wait as Promise<{ StatusCode: number }>, forever).then(({ StatusCode }) => this.exitCode(name, StatusCode));
      return await Promise.race([told, this.seenDown(name, over.signal)]);
    } finally {
      over.abort();
    }
  }

  /** An engine that dies takes its word along, and nobody may hear that: what waits for it looks by itself now and then. */
  private async seenDown(name: string, over: AbortSignal): Promise<number | undefined> {
    for (;;) {
      await sleep(lookMs, undefined, { signal: over }).catch(() => undefined);
      if (over.aborted) return undefined;
      const status = await this.inspect(name);
      if (isDown(status)) return status?.exitCode;
    }
  }

  /** 0 is what a container tells, too, that has been started again in between. */
  private async exitCode(name: string, told: number): Promise<number | undefined> {
    if (told !== 0 || (await this.inspect(name))?.state === 'exited') return told;
    return lastExit(this.connection, name);
  }

  /** The policy goes first: an engine that restarts brings stopped `always` containers back. */
  async retire({ name, stopGraceMs }: InstanceRef): Promise<void> {
    const container = this.container(name);
    await dockerOr([404], undefined, () => container.update({ RestartPolicy: { Name: 'no' } }));
    await stop(container, stopGraceMs);
  }

  async revive({ name, restart }: InstanceRef): Promise<void> {
    const container = this.container(name);
    await docker(() => container.update({ RestartPolicy: toRestartPolicy(restart) }));
    await this.start(name).catch(async (error: RuntimeError) => {
      if (error.reason !== 'stuck') throw error;
      await remake(this.connection, name);
      await this.start(name);
    });
  }

  async remove({ name, stopGraceMs }: Pick<InstanceRef, 'name' | 'stopGraceMs'>): Promise<void> {
    const container = this.container(name);
    const status = await this.inspect(name);
    if (!status) return;
    if (status.state !== 'exited' && status.state !== 'created') {
      await stop(container, stopGraceMs);
    }
    await dockerOr([404, 409], undefined, async () => void (await container.remove({ force: true, v: false })));
  }

  async putSecrets(name: string, secrets: SecretMount[]): Promise<void> {
    await this.putFiles(this.container(name), await this.secrets.files({ secrets }));
  }

  private container(name: string): Container {
    return this.connection.docker.getContainer(name);
  }

  private async addressFor({ keepsAddress, name }: InstanceSpec, network: string | undefined): Promise<string | undefined> {
    return keepsAddress && network !== undefined ? freeAddress(this.connection, network, name) : undefined;
  }

  /** The image's name where it still means what was planned, so that `docker ps` reads well; else its content address. */
  private async imageFor({ image, imageId, name }: InstanceSpec): Promise<string> {
    if (!image) throw new RuntimeError('software', `${name} has no image`);
    if (!imageId || (await findImage(this.connection, image)) === imageId) return image;
    return imageId;
  }

  /** Somebody made it before: an earlier try of this very step, or its ghost. Docker answers 409, and 404 for a moment. */
  private async adopt(spec: InstanceSpec): Promise<void> {
    for (const deadline = Date.now() + ghostDeadlineMs; Date.now() < deadline; await sleep(50)) {
      const status = await this.inspect(spec.name);
      if (!status) continue;
      if (status.hash !== spec.hash) throw new RuntimeError('software', `a container named ${spec.name} exists and is not this one; remove it with \`docker rm -f ${spec.name}\``);
      if (status.state === 'created') await this.prepare(this.container(spec.name), spec);
      return;
    }
    throw new RuntimeError('platform', `Docker says that the name ${spec.name} is taken, and shows no such container`);
  }

  /** Docker refuses two networks in one create, and takes files only afterwards. */
  private async prepare(container: Container, spec: InstanceSpec): Promise<void> {
    for (const { name, aliases } of spec.networks.slice(1)) await join(this.connection, container.id, name, aliases, await this.addressFor(spec, name));
    await this.putFiles(container, [...spec.files, ...(await this.secrets.files(spec))]);
  }

  private async putFiles(container: Container, files: ConfigFile[]): Promise<void> {
    if (files.length > 0) await docker(() => container.putArchive(toArchive(files) as unknown as NodeJS.ReadableStream, { path: '/' }));
  }
}

function isDown(status: InstanceStatus | undefined): boolean {
  return !status || (status.state !== 'running' && status.state !== 'restarting');
}

function toArchive(files: ConfigFile[]): Pack {
  const archive = pack();
  for (const { path, mode, content } of files) archive.entry({ name: path.replace(/^\//, ''), mode }, content);
  archive.finalize();
  return archive;
}

function toStatus({ State, RestartCount, Config }: ContainerInspectInfo): InstanceStatus {
  const { hash } = readLabels(Config.Labels);
  return {
    state: toState(State.Status),
    hash,
    exitCode: State.Running && !State.Restarting ? undefined : State.ExitCode,
    outOfMemory: State.OOMKilled,
    restarts: RestartCount,
    startedAt: Date.parse(State.StartedAt) || undefined,
    health: State.Health?.Status as InstanceStatus['health'],
  };
}

/** Docker answers when it has stopped. */
async function stop(container: Container, graceMs: number): Promise<void> {
  await dockerOr([304, 404], undefined, async () => void (await container.stop({ t: Math.ceil(graceMs / 1000) })), graceMs + answerMs);
}
