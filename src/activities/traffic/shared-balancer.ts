import { setTimeout as sleep } from 'node:timers/promises';
import { configureCommand, enterFolder, readCommand, type Command } from '../../balancer/scripts';
import { sharedConfig } from '../../balancer/shared-config';
import type { ObservedInstance } from '../../model/observation';
import type { RuntimeName } from '../../model/runtimes';
import { portsOf, sharedContainer, sharedNetwork, sharedScope, type SharedRoutes } from '../../model/traffic';
import { projectName } from '../../plan/names';
import { monotonicMs } from '../../guard/monotonic';
import type { Runtimes } from '../../runtimes';
import { capability, RuntimeError, type Networks, type Runtime } from '../../runtimes/runtime';
import type { PortProblem } from '../contract';
import { isFault, SoftwareFault } from '../failures';
import { publishingNetwork, sharedSpec, stopGraceMs } from './shared-spec';

const defaultImage = 'nginx:1.28';
const commandTimeoutMs = 30_000;
const startMs = 15_000;
const startPollMs = 100;

type Found = Pick<ObservedInstance, 'name' | 'state' | 'hash' | 'networks' | 'stopGraceMs'>;

export interface SharedBalancersOptions {
  runtimes: Runtimes;
  kind: RuntimeName;
  /** NGINX; it is the worker's choice, because every stack's requests pass through it. */
  image?: string;
  signal: AbortSignal;
}

/**
 * The shared load balancers of a host, one for each port, brought into line with the routes of all environments. Every
 * call may be repeated: it looks first, and changes only what differs.
 */
export class SharedBalancers {
  private readonly runtime: Runtime;
  private readonly image: string;

  constructor(private readonly options: SharedBalancersOptions) {
    this.runtime = options.runtimes({ runtime: options.kind, ...sharedScope });
    this.image = options.image ?? defaultImage;
  }

  /** `former`: ports that it has published before; the containers of others are left alone. */
  async apply(all: readonly SharedRoutes[], former: readonly number[]): Promise<PortProblem[]> {
    const ports = portsOf(all);
    const found = await this.find();
    if (ports.length > 0) await this.networks.create(publishingNetwork);
    const problems: PortProblem[] = [];
    for (const port of ports) {
      const before = found.find(({ name }) => name === sharedContainer(port));
      await this.ensure(port, servedAt(port, all), before).catch((error: unknown) => {
        if (!isFault(error)) throw error;
        problems.push({ port, message: error.message });
      });
    }
    for (const port of former.filter((each) => !ports.includes(each)))
      await this.runtime.remove({ name: sharedContainer(port), stopGraceMs });
    if (ports.length === 0) await this.networks.remove(publishingNetwork.name).catch(() => undefined);
    return problems;
  }

  /** Whether `apply` would change something. */
  async differs(all: readonly SharedRoutes[]): Promise<boolean> {
    const ports = portsOf(all);
    const found = await this.find();
    for (const port of ports) {
      const served = servedAt(port, all);
      const one = found.find(({ name }) => name === sharedContainer(port));
      if (!one || one.state !== 'running' || one.hash !== sharedSpec(port, this.image, served).hash) return true;
      if (!served.map(linkOf).every((link) => one.networks.includes(link))) return true;
      if ((await this.routesIn(one.name)) !== JSON.stringify(served)) return true;
    }
    return false;
  }

  private async ensure(port: number, served: SharedRoutes[], found: Found | undefined): Promise<void> {
    const spec = sharedSpec(port, this.image, served);
    for (const owner of served) await this.createLink(owner);
    const isCurrent = found?.hash === spec.hash && found.state !== 'created';
    if (found && !isCurrent) await this.runtime.remove(found);
    if (!found || !isCurrent) {
      const image = { reference: this.image, policy: 'missing' } as const;
      await capability(this.runtime, 'images').ensure(image, () => undefined, this.options.signal);
      await this.runtime.create(spec);
    }
    const before = isCurrent ? found.networks : [];
    const links = served.map(linkOf);
    for (const link of links)
      if (!before.includes(link)) await this.networks.attach(spec.name, [{ name: link, aliases: [] }]);
    await this.start(spec.name);
    if ((await this.routesIn(spec.name)) !== JSON.stringify(served))
      await this.run(spec.name, configureCommand(served, sharedConfig(port, served)));
    for (const network of before)
      if (network !== publishingNetwork.name && !links.includes(network))
        await this.networks.detach?.(spec.name, network);
  }

  /** A container that cannot take its port is removed again: it would be in the way of the next attempt. */
  private async start(name: string): Promise<void> {
    if ((await this.runtime.inspect(name))?.state !== 'running')
      await this.runtime.start(name).catch(async (error: Error) => {
        if (error instanceof RuntimeError && error.kind !== 'platform')
          await this.runtime.remove({ name, stopGraceMs: 0 });
        throw error;
      });
    const isUp = ['/bin/sh', '-c', `${enterFolder} && kill -0 "$(cat nginx.pid)"`];
    const { signal } = this.options;
    for (const end = monotonicMs() + startMs; monotonicMs() < end; await sleep(startPollMs, undefined, { signal })) {
      if ((await this.runtime.inspect(name))?.state !== 'running') continue;
      const up = await this.runtime.exec(name, isUp, commandTimeoutMs).catch(() => undefined);
      if (up?.exitCode === 0) return;
    }
    const { lines } = await this.runtime.logs(name, { tail: 5 });
    await this.runtime.remove({ name, stopGraceMs: 0 });
    throw new SoftwareFault(`the shared load balancer ${name} does not start: ${lines.at(-1) ?? 'it logs nothing'}`);
  }

  /** The network of an environment, made in its name: one of that name that belongs to somebody else is refused. */
  private async createLink({ stack, environment }: SharedRoutes): Promise<void> {
    const environments = capability(
      this.options.runtimes({ runtime: this.options.kind, stack, environment }),
      'networks',
    );
    await environments.create({ name: linkOf({ stack, environment }), key: sharedNetwork, internal: true });
  }

  private async find(): Promise<Found[]> {
    return (await this.runtime.observe({ images: [], ports: [] })).instances;
  }

  private async routesIn(name: string): Promise<string> {
    return (await this.run(name, readCommand())).trim();
  }

  private async run(name: string, command: Command): Promise<string> {
    const { exitCode, output } = await this.runtime.exec(name, command, commandTimeoutMs);
    if (exitCode !== 0) throw new SoftwareFault(`the shared load balancer ${name} rejects the command: ${output}`);
    return output;
  }

  private get networks(): Networks {
    return capability(this.runtime, 'networks');
  }
}

function servedAt(port: number, all: readonly SharedRoutes[]): SharedRoutes[] {
  return all
    .map(({ stack, environment, routes }) => ({
      stack,
      environment,
      routes: routes.filter((route) => route.port === port),
    }))
    .filter(({ routes }) => routes.length > 0);
}

/** The network of an environment's load balancer and the shared one, as the planner names it. */
function linkOf({ stack, environment }: Pick<SharedRoutes, 'stack' | 'environment'>): string {
  return `${projectName({ name: stack, environment })}_${sharedNetwork}`;
}
