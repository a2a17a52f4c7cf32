import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { type Pack, pack } from 'tar-stream';
import type { ConfigFile, FileTarget, InstanceRef, InstanceSpec, SecretFile, SecretMount } from '../../model/instance';
import type { InstanceStatus } from '../../model/instance-status';
import { isUp } from '../../model/observation';
import { RuntimeError, type SecretReader } from '../runtime';
import { foreign, mustBeWithin } from '../scope';
import { freeAddress } from './networks/addresses';
import { join, readdress, refuseNetworkModes } from './networks/attach';
import type { DockerConnection } from './api/connection';
import { toCreateRequest, toRestartPolicy } from './container-spec';
import { refuseCovered } from './covered-files';
import { forever } from '../deadline';
import { answerMs, docker, dockerOr } from './api/errors';
import { lastExit } from './exits';
import { inspectImage } from './images';
import { hashOf } from './labels';
import { refuseForeignVolumes } from './networks';
import { isDying } from './observe';
import type { OwnContainers } from './labels/own-containers';
import { finishRemake, remake } from './remake';
import { toStatus } from './status';
import { monotonicMs } from '../../guard/monotonic';

/** Between two looks at an instance whose exit is awaited. */
const lookMs = 5000;
const ghostDeadlineMs = 10_000;

/** Start and end of the containers of one environment. */
export class DockerInstances {
  constructor(
    private readonly connection: DockerConnection,
    private readonly secrets: SecretReader,
    private readonly containers: OwnContainers,
  ) {}

  async create(spec: InstanceSpec): Promise<void> {
    mustBeWithin(this.containers.scope, spec);
    refuseNetworkModes(spec.networks);
    await refuseForeignVolumes(this.connection, this.containers.scope, spec.mounts);
    const details = {
      ...(await this.imageFor(spec)),
      variables: await this.secrets.variables(spec),
      address: await this.addressFor(spec, spec.networks[0]?.name),
    };
    const options = toCreateRequest(spec, details);
    const make = () => dockerOr([409], undefined, () => this.connection.docker.createContainer(options));
    const container = (await make()) ?? ((await this.finishRemoval(spec.name)) ? await make() : undefined);
    if (!container) return this.adopt(spec);
    this.containers.remember(spec.name, container.id);
    await this.prepare(container, spec);
  }

  /** An address that somebody else has taken since is given up. */
  async start(name: string): Promise<void> {
    const start = () =>
      this.containers.use(name, (id) =>
        dockerOr([304], undefined, async () => void (await this.container(id).start())),
      );
    await start().catch(async (error: RuntimeError) => {
      const readdressed =
        error.reason === 'address' && (await this.containers.use(name, (id) => readdress(this.connection, id)));
      if (!readdressed) throw error;
      await start();
    });
  }

  async inspect(name: string): Promise<InstanceStatus | undefined> {
    const info = await this.containers.inspect(name);
    return info && !isDying(info.State.Status) ? toStatus(info) : undefined;
  }

  waitForExit(name: string, signal: AbortSignal): Promise<number | undefined> {
    return this.containers.use(name, (id) => this.waitForExitOf(id, signal));
  }

  private async waitForExitOf(id: string, signal: AbortSignal): Promise<number | undefined> {
    const wait = this.container(id).wait({ condition: 'not-running', abortSignal: signal });
    wait.catch(() => undefined);
    const status = await this.statusOf(id);
    if (isDown(status)) return status?.exitCode;
    const over = new AbortController();
    try {
      const told = docker(() => wait as Promise<{ StatusCode: number }>, forever).then(({ StatusCode }) =>
        this.exitCode(id, StatusCode),
      );
      return await Promise.race([told, this.seenDown(id, over.signal)]);
    } finally {
      over.abort();
    }
  }

  /**
   * An engine that dies takes its word along, and nobody may hear that: what waits for it looks by itself now and then.
   */
  private async seenDown(id: string, over: AbortSignal): Promise<number | undefined> {
    for (;;) {
      await sleep(lookMs, undefined, { signal: over }).catch(() => undefined);
      if (over.aborted) return undefined;
      const status = await this.statusOf(id);
      if (isDown(status)) return status?.exitCode;
    }
  }

  /** 0 is what a container tells, too, that has been started again in between. */
  private async exitCode(id: string, told: number): Promise<number | undefined> {
    if (told !== 0 || (await this.statusOf(id))?.state === 'exited') return told;
    return lastExit(this.connection, id);
  }

  /** The policy goes first: an engine that restarts brings stopped `always` containers back. */
  async retire({ name, stopGraceMs }: InstanceRef): Promise<void> {
    await this.containers.useIfThere(name, async (id) => {
      await docker(() => this.container(id).update({ RestartPolicy: { Name: 'no' } }));
      await stop(this.container(id), stopGraceMs);
    });
  }

  async revive({ name, restart }: InstanceRef): Promise<void> {
    await finishRemake(this.connection, this.containers, name);
    await this.containers.use(name, (id) =>
      docker(() => this.container(id).update({ RestartPolicy: toRestartPolicy(restart) })),
    );
    await this.start(name).catch(async (error: RuntimeError) => {
      if (error.reason !== 'stuck') throw error;
      await remake(this.connection, this.containers, name);
      await this.start(name);
    });
  }

  async remove({ name, stopGraceMs }: Pick<InstanceRef, 'name' | 'stopGraceMs'>): Promise<void> {
    const found = await this.containers.inspect(name);
    if (!found) return;
    const container = this.container(found.Id);
    if (isUp(toStatus(found))) await stop(container, stopGraceMs);
    await erase(container);
  }

  async putSecrets(name: string, secrets: SecretMount[]): Promise<void> {
    const files = await this.secrets.files({ secrets });
    await this.containers.use(name, (id) => this.putFiles(this.container(id), files));
  }

  private container(id: string): Container {
    return this.connection.docker.getContainer(id);
  }

  private async statusOf(id: string): Promise<InstanceStatus | undefined> {
    const info = await dockerOr([404], undefined, () => this.container(id).inspect());
    return info && toStatus(info);
  }

  private async addressFor(
    { keepsAddress, name }: InstanceSpec,
    network: string | undefined,
  ): Promise<string | undefined> {
    return keepsAddress && network !== undefined ? freeAddress(this.connection, network, name) : undefined;
  }

  /**
   * The image's name where it still means what was planned, so that `docker ps` reads well; else its content address.
   */
  private async imageFor({
    image,
    imageId,
    name,
  }: InstanceSpec): Promise<{ image: string; imageLabels: Record<string, string> }> {
    if (!image) throw new RuntimeError('software', `${name} has no image`);
    const named = await inspectImage(this.connection, image);
    if (!imageId || named?.Id === imageId) return { image, imageLabels: named?.Config.Labels ?? {} };
    const planned = await inspectImage(this.connection, imageId);
    return { image: imageId, imageLabels: planned?.Config.Labels ?? {} };
  }

  /**
   * Somebody made it before: an earlier try of this very step, or its ghost. Docker answers 409, and 404 for a moment.
   */
  private async adopt(spec: InstanceSpec): Promise<void> {
    for (const deadline = monotonicMs() + ghostDeadlineMs; monotonicMs() < deadline; await sleep(50)) {
      const own = await this.containers.inspect(spec.name);
      if (own && isDying(own.State.Status)) continue;
      if (own && hashOf(own.Config.Labels) === spec.hash) {
        if (toStatus(own).state === 'created') await this.prepare(this.container(own.Id), spec);
        return;
      }
      if (own) throw nameTaken(spec.name, true);
      // A container that is being made may be seen by the second look only: then it is judged once more.
      if ((await this.containers.inspectAnybodys(spec.name)) && !(await this.containers.inspect(spec.name)))
        throw nameTaken(spec.name, false);
    }
    throw new RuntimeError('platform', `Docker says that the name ${spec.name} is taken, and shows no such container`);
  }

  /**
   * True where a container of this name was on its way out: it holds its name no longer, or is being removed right now.
   */
  private async finishRemoval(name: string): Promise<boolean> {
    const own = await this.containers.inspect(name);
    if (!own || !isDying(own.State.Status)) return false;
    await erase(this.container(own.Id));
    return true;
  }

  /** Docker refuses two networks in one create, and takes files only afterwards. */
  private async prepare(container: Container, spec: InstanceSpec): Promise<void> {
    for (const { name, aliases } of spec.networks.slice(1))
      await join(this.connection, container.id, name, aliases, await this.addressFor(spec, name));
    const secrets = await this.secrets.files(spec);
    await refuseCovered(container, secrets);
    await this.putFiles(container, [...spec.files, ...secrets], spec.folders);
  }

  private async putFiles(
    container: Container,
    files: (ConfigFile | SecretFile)[],
    folders: FileTarget[] = [],
  ): Promise<void> {
    if (files.length > 0)
      await docker(() =>
        container.putArchive(toArchive(files, folders) as unknown as NodeJS.ReadableStream, { path: '/' }),
      );
  }
}

function nameTaken(name: string, isOwn: boolean): RuntimeError {
  const whose = isOwn
    ? 'was made from another version of the service'
    : 'does not belong to this stack and environment';
  const message =
    `the name ${name} is taken by a container that ${whose}; it was left as it is. ` +
    `Rename it (\`docker rename ${name} NEW-NAME\`) or remove it, then deploy again`;
  return isOwn ? new RuntimeError('software', message) : foreign(message);
}

function isDown(status: InstanceStatus | undefined): boolean {
  return !status || (status.state !== 'running' && status.state !== 'restarting');
}

/** The largest number that the plain header of an archive holds. */
const largestPlainId = 0o777777;

/** Docker keeps the owners that stand in an archive. */
function toArchive(files: (ConfigFile | SecretFile)[], folders: FileTarget[]): Pack {
  const archive = pack();
  for (const { path, mode, uid, gid } of folders)
    archive.entry({ name: path.replace(/^\//, ''), type: 'directory', mode: typed(mode, 0o040000), uid, gid });
  for (const { path, mode, uid = 0, gid = 0, content } of files) {
    const name = path.replace(/^\//, '');
    const pax = uid > largestPlainId || gid > largestPlainId ? { uid: String(uid), gid: String(gid) } : undefined;
    archive.entry({ name, mode: typed(mode, 0o100000), uid, gid, pax }, Buffer.from(content as Uint8Array));
  }
  archive.finalize();
  return archive;
}

/** A mode of 0 by itself would be taken for none given. */
function typed(mode: number | undefined, type: number): number | undefined {
  return mode === undefined ? undefined : mode | type;
}

/** Does nothing where it is gone, or is being removed right now. Its volumes stay. */
async function erase(container: Container): Promise<void> {
  await dockerOr([404, 409], undefined, async () => void (await container.remove({ force: true, v: false })));
}

/** Docker answers when it has stopped. */
async function stop(container: Container, graceMs: number): Promise<void> {
  await dockerOr(
    [304, 404],
    undefined,
    async () => void (await container.stop({ t: Math.ceil(graceMs / 1000) })),
    graceMs + answerMs,
  );
}
