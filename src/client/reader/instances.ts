import { randomUUID } from 'node:crypto';
import { type Client, WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import { sha256 } from '../../guard/access/digest';
import { ChannelKey } from '../../guard/sealed-channel';
import type { SessionRequest } from '../../model/session';
import type { Stack } from '../../model/stack';
import type { Answers } from '../../workflows/hosts';
import type { InspectInput, InspectResults, LogsRequest } from '../../workflows/inspect';
import { sessionQuery, taskQueue, toCommandSignal, type Place } from '../../workflows/messages';
import { findHostWorkers, findWorker, unserved, unservedHosts } from '../../temporal/find-worker';
import { CommandSession, type SessionOptions, type SessionPath } from '../command-session';
import { ask } from '../../temporal/ask';
import { actOf } from '../orders';
import { placeKey, placeOf } from '../place';
import { listHosts, type HostLine } from '../hosts';
import { untilTaken } from '../../temporal/until-taken';
import { listEnvironments } from './marks';

/** Queries and commands for instances, hosts and volumes. It talks to Temporal only; workers talk to the hosts. */
export class InstanceReader {
  private worker?: Promise<void>;

  protected constructor(protected readonly temporal: Client) {}

  /** The environments that have been deployed, by name; at most `most`. */
  async environments(most = 1000): Promise<Place[]> {
    const places: Place[] = [];
    for await (const { place } of listEnvironments(this.temporal)) {
      places.push(place);
      if (places.length === most) break;
    }
    return places.sort((one, other) => (placeKey(one) < placeKey(other) ? -1 : 1));
  }

  /** Every instance with its current health, and the hosts of the stack that are unavailable. */
  async status(stack: Stack): Promise<InspectResults['status']> {
    return this.ofServed(stack, (served) => this.inspect({ kind: 'status', stack: served, taskQueue }));
  }

  /**
   * The last log lines of the instances of services; of all services if none is named. `after`: cursors of an earlier
   * answer by instance name, to get only the lines since then. `times`: for runtimes that keep the times of lines.
   */
  async logs(
    stack: Stack,
    services: string[],
    tail: number,
    after: Record<string, string> = {},
    times?: LogsRequest['times'],
  ): Promise<InspectResults['logs']> {
    return this.ofServed(stack, (served) =>
      this.inspect({ kind: 'logs', stack: served, services, tail, after, taskQueue, ...(times && { times }) }),
    );
  }

  /**
   * Runs a command inside an instance, and returns its output and exit code. With a `requestId` that was used before,
   * returns those of that command.
   */
  async exec(
    stack: Stack,
    instance: string,
    command: string[],
    { by, requestId }: { by?: string; requestId?: string } = {},
  ): Promise<InspectResults['exec']> {
    return this.inspect({ kind: 'exec', stack, instance, command, taskQueue, act: actOf(by) }, requestId);
  }

  /** Starts a command inside an instance that takes input while it runs. */
  async openCommand(
    stack: Stack,
    instance: string,
    command: string[],
    { by, ...options }: SessionOptions & { by?: string },
  ): Promise<CommandSession> {
    const key = new ChannelKey();
    const { input, terminal } = options;
    const session = { key: key.publicKey, input: input !== undefined, ...(terminal && { terminal }) };
    const id = await this.beginCommand(stack, instance, { command, session, by });
    return new CommandSession(this.sessionPath(placeOf(stack), id), key, options);
  }

  /**
   * Starts a command for a session, whose messages somebody else seals and opens; resolves with its id. With a
   * `requestId` that was used before, it is that command.
   */
  async beginCommand(
    stack: Stack,
    instance: string,
    {
      command,
      session,
      by,
      requestId,
    }: { command: string[]; session: SessionRequest; by?: string; requestId?: string },
  ): Promise<string> {
    const input = { kind: 'exec', stack, instance, command, taskQueue, act: actOf(by), session } as const;
    const { workflowId } = await this.begin(input, requestId && uuidOf(requestId));
    return workflowId.split('/').at(-1)!;
  }

  /** The way to a command that {@link beginCommand} has started in an environment. */
  sessionPath(place: Place, id: string): SessionPath & { isOpen(): Promise<boolean> } {
    const handle = this.temporal.workflow.getHandle<() => Promise<{ exitCode: number }>>(inspectId('exec', place, id));
    return {
      read: (from) => ask(this.temporal, () => handle.query(sessionQuery, { of: 'command', from })),
      send: (sealed) => handle.signal(toCommandSignal, { sealed }),
      result: () => handle.result(),
      isOpen: async () => (await handle.describe()).status.name === 'RUNNING',
    };
  }

  /** The hosts of a stack, with their workers and circuit breakers. */
  hosts(stack: Stack): Promise<HostLine[]> {
    return listHosts(this.temporal, stack);
  }

  /** The container engine of each host of a stack, and the hosts that are unavailable. */
  async engines(stack: Stack): Promise<InspectResults['engines']> {
    return this.ofServed(stack, (served) => this.inspect({ kind: 'engines', stack: served, taskQueue }));
  }

  /** The volumes of the environment, and the hosts that are unavailable. */
  async volumes(stack: Stack): Promise<InspectResults['volumes']> {
    return this.ofServed(stack, (served) => this.inspect({ kind: 'volumes', stack: served, taskQueue }));
  }

  /** Deletes a volume and its data. Fails while an instance mounts it. */
  async removeVolume(stack: Stack, name: string, by?: string): Promise<void> {
    await this.inspect({ kind: 'remove-volume', stack, name, taskQueue, act: actOf(by) });
  }

  /** Queries the hosts that a worker serves; the others are away. @throws EngineUnreachable if no host is served */
  private async ofServed<T>(stack: Stack, ask: (stack: Stack) => Promise<Answers<T>>): Promise<Answers<T>> {
    const { hosts = [] } = stack;
    const missing = await unservedHosts(
      this.temporal,
      hosts.map(({ name }) => name),
    );
    if (missing.length === 0) return ask(stack);
    if (missing.length === hosts.length) throw unserved(missing);
    const { found, away } = await ask({ ...stack, hosts: hosts.filter(({ name }) => !missing.includes(name)) });
    return { found, away: [...away, ...missing.map((host) => ({ host, reason: unserved([host]).message }))] };
  }

  protected async inspect<K extends InspectInput['kind']>(
    input: Extract<InspectInput, { kind: K }>,
    requestId?: string,
  ): Promise<InspectResults[K]> {
    const handle = await this.begin(input, requestId);
    const result = await handle.result().catch(async (error: unknown) => {
      if (input.kind === 'hook') await this.forget(handle);
      throw error;
    });
    if (isRead.has(input.kind)) await this.forget(handle);
    return result;
  }

  /** Deletes the workflow of an answered query, so that the list of Temporal's UI shows deployments. */
  private async forget({ workflowId, client }: Pick<WorkflowHandle, 'workflowId' | 'client'>): Promise<void> {
    const { connection, options } = client as Client['workflow'];
    await connection.workflowService
      .deleteWorkflowExecution({ namespace: options.namespace, workflowExecution: { workflowId } })
      .catch(() => undefined);
  }

  /** Starts a query; a worker has taken it. One with the id of an earlier one that did not fail is that one. */
  private async begin<K extends InspectInput['kind']>(
    input: Extract<InspectInput, { kind: K }>,
    id: string = randomUUID(),
  ): Promise<WorkflowHandle<() => Promise<InspectResults[K]>>> {
    const { stack, environment, hosts } = subjectOf(input);
    await this.requireWorkers({ hosts: partial.has(input.kind) ? [] : hosts });
    const { workflow } = this.temporal;
    const workflowId = inspectId(input.kind, { stack, environment }, id);
    const handle = await workflow
      .start('inspect', {
        workflowId,
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        taskQueue,
        args: [input],
        staticSummary: `${input.kind} of ${stack}/${environment}`,
      })
      .catch((error: unknown) => {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return workflow.getHandle(workflowId);
        throw error;
      });
    await untilTaken(this.temporal, handle);
    return handle as WorkflowHandle<() => Promise<InspectResults[K]>>;
  }

  /** Checks that a worker runs: without one, a request would wait without an error. */
  protected requireWorker(): Promise<void> {
    this.worker ??= findWorker(this.temporal).catch((error: unknown) => {
      this.worker = undefined;
      throw error;
    });
    return this.worker;
  }

  protected async requireWorkers({ hosts = [] }: Pick<Stack, 'hosts'>): Promise<void> {
    await this.requireWorker();
    await findHostWorkers(
      this.temporal,
      hosts.map(({ name }) => name),
    );
  }
}

function inspectId(kind: InspectInput['kind'], { stack, environment }: Place, id: string): string {
  return `inspect/${stack}/${environment}/${kind}/${id}`;
}

/** Ids of sessions have this form. */
function uuidOf(requestId: string): string {
  return sha256(requestId).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
}

/** Queries without an effect, of which Temporal need not keep a trace. */
const isRead: ReadonlySet<InspectInput['kind']> = new Set([
  'plan',
  'status',
  'logs',
  'trail',
  'audit',
  'engines',
  'volumes',
  'hook',
] as const);

/** Queries that work while some hosts are unavailable. */
const partial: ReadonlySet<InspectInput['kind']> = new Set([
  'status',
  'logs',
  'exec',
  'engines',
  'volumes',
  'remove-volume',
] as const);

/** The environment of a query, and its hosts. */
function subjectOf(input: InspectInput): Place & Pick<Stack, 'hosts'> {
  if ('place' in input) return input.place;
  const { name: stack, environment, hosts } = input.stack;
  return { stack, environment, hosts };
}
