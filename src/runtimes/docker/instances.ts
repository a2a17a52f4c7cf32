import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { type Pack, pack } from 'tar-stream';
import {
  joinedContainers,
  networkOfMode,
  type ConfigFile,
  type FileTarget,
  type InstanceRef,
  type InstanceSpec,
  type SecretFile,
  type SecretMount,
} from '../../model/instance';
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
import { containersOf, joinsReplaced } from './namespaces';
import { refuseForeignVolumes } from './networks';
import { isDying } from './observe';
import type { OwnContainers } from './labels/own-containers';
import { finishRemake, remake } from './remake';
import { toStatus } from './status';
import { monotonicMs } from '../../guard/monotonic';

/** Interval of inspections while an exit is awaited. */
const pollMs = 5000;
const ghostDeadlineMs = 10_000;

/** Lifecycle of the containers of one environment. */
export class DockerInstances {
  constructor(
    private readonly connection: DockerConnection,
    private readonly secrets: SecretReader,
    private readonly containers: OwnContainers,
  ) {}

  async create(spec: InstanceSpec): Promise<void> {
    mustBeWithin(this.containers.scope, spec);
    refuseNetworkModes(networksOf(spec));
    await refuseForeignVolumes(this.connection, this.containers.scope, spec.mounts);
    const details = {
      ...(await this.imageFor(spec)),
      variables: await this.secrets.variables(spec),
      texts: await this.secrets.texts(spec),
      joined: await containersOf({ joins: spec.joins, joinsOutside: joinedContainers(spec) }, this.containers),
      address: await this.addressFor(spec, spec.networks[0]?.name),
    };
    const options = toCreateRequest(spec, details);
    const make = () => dockerOr([409], undefined, () => this.connection.docker.createContainer(options));
    const container = (await make()) ?? ((await this.finishRemoval(spec.name)) ? await make() : undefined);
    if (!container) return this.adopt(spec);
    this.containers.remember(spec.name, container.id);
    await this.prepare(container, spec);
  }

  /** Starts a container; if another one has taken its address meanwhile, it gets a new one. */
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
      const reported = docker(() => wait as Promise<{ StatusCode: number }>, forever).then(({ StatusCode }) =>
        this.exitCode(id, StatusCode),
      );
      return await Promise.race([reported, this.pollUntilDown(id, over.signal)]);
    } finally {
      over.abort();
    }
  }

  /** Polls the state as well: if the engine dies, its wait may never end. */
  private async pollUntilDown(id: string, over: AbortSignal): Promise<number | undefined> {
    for (;;) {
      await sleep(pollMs, undefined, { signal: over }).catch(() => undefined);
      if (over.aborted) return undefined;
      const status = await this.statusOf(id);
      if (isDown(status)) return status?.exitCode;
    }
  }

  /** Docker also reports 0 for a container that was restarted meanwhile; then the events decide. */
  private async exitCode(id: string, reported: number): Promise<number | undefined> {
    if (reported !== 0 || (await this.statusOf(id))?.state === 'exited') return reported;
    return lastExit(this.connection, id);
  }

  /** Removes the restart policy first: an engine that restarts would start stopped `always` containers again. */
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
    const found = await this.containers.inspect(name);
    if (found && (await joinsReplaced(found, this.containers))) await remake(this.connection, this.containers, name);
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
   * The image's name if it still refers to the planned image, so that `docker ps` is readable; else its content
   * address.
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
   * The name is taken: by an earlier attempt of this step, or by a container being removed, for which Docker answers
   * 409, and briefly 404.
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
      // A container that is being created may be visible to the second call only: then check it again.
      if ((await this.containers.inspectAnybodys(spec.name)) && !(await this.containers.inspect(spec.name)))
        throw nameTaken(spec.name, false);
    }
    throw new RuntimeError(
      'platform',
      `Docker reports that the name ${spec.name} is taken, but shows no such container`,
    );
  }

  /** True if a container of this name was being removed, and its removal is now complete or in progress. */
  private async finishRemoval(name: string): Promise<boolean> {
    const own = await this.containers.inspect(name);
    if (!own || !isDying(own.State.Status)) return false;
    await erase(this.container(own.Id));
    return true;
  }

  /** Joins further networks and writes files: Docker accepts one network at creation, and files only afterwards. */
  private async prepare(container: Container, spec: InstanceSpec): Promise<void> {
    for (const { name, ...attachment } of spec.networks.slice(1))
      await join(this.connection, container.id, name, attachment, await this.addressFor(spec, name));
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

/** The networks that an instance joins, by its mode too. */
function networksOf({ networks, networkMode }: InstanceSpec): { name: string }[] {
  const ofMode = networkOfMode(networkMode);
  return ofMode === undefined ? networks : [{ name: ofMode }];
}

function nameTaken(name: string, isOwn: boolean): RuntimeError {
  const whose = isOwn
    ? 'was created from another version of the service'
    : 'does not belong to this stack and environment';
  const message =
    `the name ${name} is taken by a container that ${whose}; it was left as it is. ` +
    `Rename it (\`docker rename ${name} NEW-NAME\`) or remove it, then deploy again`;
  return isOwn ? new RuntimeError('software', message) : foreign(message);
}

function isDown(status: InstanceStatus | undefined): boolean {
  return !status || (status.state !== 'running' && status.state !== 'restarting');
}

/** Largest id that the plain header of a tar archive can hold. */
const largestPlainId = 0o777777;

/** Docker keeps the owners in an archive. */
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

/** Adds the file type, because a mode of 0 would count as absent. */
function typed(mode: number | undefined, type: number): number | undefined {
  return mode === undefined ? undefined : mode | type;
}

/** Does nothing if it was removed or is being removed. Volumes are kept. */
async function erase(container: Container): Promise<void> {
  await dockerOr([404, 409], undefined, async () => void (await container.remove({ force: true, v: false })));
}

/** Docker answers when the container has stopped. */
async function stop(container: Container, graceMs: number): Promise<void> {
  await dockerOr(
    [304, 404],
    undefined,
    async () => void (await container.stop({ t: Math.ceil(graceMs / 1000) })),
    graceMs + answerMs,
  );
}
