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
import { capability, RuntimeError, type Balancer, type Runtime } from '../../runtimes/runtime';
import { SoftwareFault } from '../failures';
import { SharedLook } from '../observe/shared-look';

const commandTimeoutMs = 30_000;
/** Instances of a batch are drained side by side: one look at the connections is enough for all. */
const looks = new Map<string, SharedLook>();

/** The load balancer of an environment, by the name of its instance. */
export function balancerOf(runtime: Runtime, name: string): Balancer {
  return runtime.balancer?.(name) ?? new NginxBalancer(runtime, name);
}

/** The managed NGINX, told what to do by commands inside its instance. */
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

  async configure(front: Front): Promise<void> {
    await this.placeCertificates(front);
    await this.run(configureCommand(front, nginxConfig(front, nginxOptions(this.runtime.name))));
  }

  /** None are open at one that does not run. */
  async openRequests(addresses: string[]): Promise<number> {
    if ((await this.runtime.inspect(this.name))?.state !== 'running') return 0;
    const key = `${this.runtime.name} ${this.name}`;
    if (!looks.has(key)) looks.set(key, new SharedLook());
    const output = await looks.get(key)!.take(addresses, (wanted) => this.tell(connectionsCommand(wanted)));
    return countConnections(output, addresses);
  }

  async unreached(addresses: string[]): Promise<{ address: string; reason: string }[]> {
    return parseUnreached(await this.run(reachCommand(addresses)));
  }

  /** Only those that it does not have: on the way back the worker may know nothing but the new value. */
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

  /**
   * One that its runtime is restarting is waited for, as the platform is; one that a crash of the platform has left
   * stopped is started.
   */
  private async run(command: Command): Promise<string> {
    const status = await this.runtime.inspect(this.name);
    if (status?.state === 'exited') await this.runtime.start(this.name);
    if (status && status.state !== 'running')
      throw new RuntimeError('platform', `the load balancer ${this.name} does not run (${status.state})`);
    return this.tell(command);
  }

  private async tell(command: Command): Promise<string> {
    const { exitCode, output } = await this.runtime.exec(this.name, command, commandTimeoutMs);
    if (exitCode !== 0)
      throw new SoftwareFault(`the load balancer refuses: ${output.trim() || `exit ${exitCode}`}`, {
        logs: output.split('\n').filter(Boolean).slice(-20),
      });
    return output;
  }
}
