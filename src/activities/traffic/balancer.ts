import { hasActiveCommand, useInitialCommand } from '../../balancer/automatic';
import { secretOf } from '../../balancer/certificates';
import { nginxConfig, nginxOptions } from '../../balancer/nginx-config';
import {
  configureCommand,
  connectionsCommand,
  countConnections,
  missingCommand,
  parseState,
  parseUnreached,
  reachCommand,
  readCommand,
  routeCommand,
  type Command,
} from '../../balancer/scripts';
import type { Front, RouteTable, TrafficState } from '../../model/traffic';
import { capability, RuntimeError, type Balancer, type Certify, type Runtime } from '../../runtimes/runtime';
import { SoftwareFault } from '../failures';
import { SharedRead } from '../observe/shared-read';

const commandTimeoutMs = 30_000;
/** Instances of a batch are drained in parallel, and share one read of the connections. */
const reads = new Map<string, SharedRead>();

/** The load balancer of an environment, by the name of its instance. */
export function balancerOf(runtime: Runtime, name: string): Balancer {
  return runtime.balancer?.(name) ?? new NginxBalancer(runtime, name);
}

/** The managed NGINX, controlled by commands inside its instance. */
class NginxBalancer implements Balancer {
  constructor(
    private readonly runtime: Runtime,
    private readonly name: string,
  ) {}

  async read(): Promise<TrafficState> {
    return parseState(await this.run(readCommand()));
  }

  async route(tables: RouteTable[]): Promise<void> {
    for (const table of tables) await this.run(routeCommand(table));
  }

  async configure(front: Front, certify: Certify): Promise<void> {
    await this.placeCertificates(front);
    if (front.automatic) await this.placeFirst(front.automatic.hosts, certify);
    await this.run(configureCommand(front, nginxConfig(front, nginxOptions(this.runtime.name))));
  }

  /** A load balancer that does not run has no open requests. */
  async openRequests(addresses: string[]): Promise<number> {
    if ((await this.runtime.inspect(this.name))?.state !== 'running') return 0;
    const key = `${this.runtime.name} ${this.name}`;
    if (!reads.has(key)) reads.set(key, new SharedRead());
    const output = await reads.get(key)!.take(addresses, (wanted) => this.exec(connectionsCommand(wanted)));
    return countConnections(output, addresses);
  }

  async unreached(addresses: string[]): Promise<{ address: string; reason: string }[]> {
    return parseUnreached(await this.run(reachCommand(addresses)));
  }

  /** Uploads missing certificates only: in a rollback the worker may only know the new value. */
  private async placeCertificates({ certificates }: Front): Promise<void> {
    if (certificates.length === 0) return;
    const missing = (
      await this.run(
        missingCommand(
          certificates.map(({ file }) => file),
          nginxOptions(this.runtime.name),
        ),
      )
    ).split('\n');
    await capability(this.runtime, 'putSecrets')(
      this.name,
      certificates
        .filter(({ file }) => missing.includes(file))
        .map((each) => secretOf(each, nginxOptions(this.runtime.name))),
    );
  }

  /** Places the first certificate of those that the engine gets by itself, before the configuration needs it. */
  private async placeFirst(hosts: readonly string[], certify: Certify): Promise<void> {
    if ((await this.run(hasActiveCommand())).trim() === 'active') return;
    await capability(this.runtime, 'putSecrets')(this.name, await certify(hosts));
    await this.run(useInitialCommand());
  }

  /**
   * Runs a command. A load balancer that is restarting counts as platform trouble; one that a crash of the platform
   * left stopped is started.
   */
  private async run(command: Command): Promise<string> {
    const status = await this.runtime.inspect(this.name);
    if (status?.state === 'exited') await this.runtime.start(this.name);
    if (status && status.state !== 'running')
      throw new RuntimeError('platform', `the load balancer ${this.name} does not run (${status.state})`);
    return this.exec(command);
  }

  private exec(command: Command): Promise<string> {
    return execInBalancer(this.runtime, this.name, command);
  }
}

/** Runs a command in a load balancer; resolves with its output. @throws SoftwareFault if it does not exit 0 */
export async function execInBalancer(runtime: Runtime, name: string, command: Command): Promise<string> {
  const { exitCode, output } = await runtime.exec(name, command, commandTimeoutMs);
  if (exitCode !== 0)
    throw new SoftwareFault(`the load balancer rejects the command: ${output.trim() || `exit ${exitCode}`}`, {
      logs: output.split('\n').filter(Boolean).slice(-20),
    });
  return output;
}
