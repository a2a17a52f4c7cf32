import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { Stack } from '../config/stack';
import type { InstanceLine } from '../model/instance-status';
import type { InspectInput, InspectResults } from '../workflows/inspect';
import { taskQueue, type Place } from '../workflows/messages';
import { findHostWorkers, findWorker } from './find-worker';
import { actOf } from './orders';
import { listHosts, type HostLine } from './hosts';
import { untilTaken } from './until-taken';

/** What can be asked about what runs. Talks to Temporal only: what runs is the workers' matter. */
export class Reader {
  private worker?: Promise<void>;

  protected constructor(protected readonly temporal: Client) {}

  /** Every instance, with its health as probed just now. */
  async status(stack: Stack): Promise<InstanceLine[]> {
    return this.inspect({ kind: 'status', stack, taskQueue });
  }

  /** The last lines of the instances of services, of all where none is named; with the cursors of an earlier answer what came since. */
  async logs(stack: Stack, services: string[], tail: number, after: Record<string, string> = {}): Promise<InspectResults['logs']> {
    return this.inspect({ kind: 'logs', stack, services, tail, after, taskQueue });
  }

  /** Runs a command inside an instance. */
  async exec(stack: Stack, instance: string, command: string[], by?: string): Promise<InspectResults['exec']> {
    return this.inspect({ kind: 'exec', stack, instance, command, taskQueue, act: actOf(by) });
  }

  /** Where a stack may run, and how deployments fare there. */
  hosts(stack: Stack): Promise<HostLine[]> {
    return listHosts(this.temporal, stack);
  }

  async volumes(stack: Stack): Promise<InspectResults['volumes']> {
    return this.inspect({ kind: 'volumes', stack, taskQueue });
  }

  /** Deletes a volume and its data. Refused while an instance mounts it. */
  async removeVolume(stack: Stack, name: string, by?: string): Promise<void> {
    await this.inspect({ kind: 'remove-volume', stack, name, taskQueue, act: actOf(by) });
  }

  protected async inspect<K extends InspectInput['kind']>(input: Extract<InspectInput, { kind: K }>): Promise<InspectResults[K]> {
    const { stack, environment, hosts } = subjectOf(input);
    await this.requireWorkers({ hosts });
    const handle = await this.temporal.workflow.start('inspect', {
      workflowId: `inspect/${stack}/${environment}/${input.kind}/${randomUUID()}`,
      taskQueue,
      args: [input],
      staticSummary: `${input.kind} of ${stack}/${environment}`,
    });
    await untilTaken(this.temporal, handle);
    return (await handle.result()) as InspectResults[K];
  }

  /** Without a worker a request would wait in silence. */
  protected requireWorker(): Promise<void> {
    this.worker ??= findWorker(this.temporal).catch((error: unknown) => {
      this.worker = undefined;
      throw error;
    });
    return this.worker;
  }

  protected async requireWorkers({ hosts = [] }: Pick<Stack, 'hosts'>): Promise<void> {
    await this.requireWorker();
    await findHostWorkers(this.temporal, hosts.map(({ name }) => name));
  }
}

/** The environment that a question is about, and the hosts that have to answer. */
function subjectOf(input: InspectInput): Place & Pick<Stack, 'hosts'> {
  if (input.kind === 'act') return input.place;
  const { name: stack, environment, hosts } = input.stack;
  return { stack, environment, hosts };
}
