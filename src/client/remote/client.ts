import type { AuditTrail } from '../../model/audit';
import type { IntentKind } from '../../model/deployment';
import type { InstanceLine } from '../../model/instance-status';
import type { SealingKey, SealingValues } from '../../model/instance';
import { requireDeploymentId } from '../../model/names';
import type { SessionRequest } from '../../model/session';
import type { Stack } from '../../model/stack';
import type { PastRun } from '../../plan/service/job-runs';
import type { InspectResults, LogsRequest } from '../../workflows/inspect';
import {
  deploymentId,
  type EnvironmentState,
  type Freeze,
  type Place,
  type WatchPause,
} from '../../workflows/messages';
import { ChannelKey } from '../../guard/sealed-channel';
import { CommandSession, type SessionOptions } from '../command-session';
import type { EngineClient } from '../engine-client';
import type { CancellationResponse, DeploymentHandle } from '../deployment-handle';
import type { HistoryEntry, LaterFailure } from '../history';
import { jobsSinceIn, previousIn, type ReleaseSummary } from '../history/releases';
import type { PlanResult } from '../reader';
import type { HostLine } from '../hosts';
import type { LoadBalancerStatus } from '../load-balancer';
import type { OrderOptions } from '../orders';
import { placeOf, requireDeploymentOf } from '../place';
import type { RequestOptions } from '../request';
import { sealStack } from '../secrets/seal';
import { RemoteAccess } from './access';
import { RemoteBuilds } from './builds';
import { pagesOf, trailOf } from './pages';
import { RemoteDeployment } from './deployment';
import { pathOf } from './paths';
import { NotFound } from './problems';
import { RemoteRegistries } from './registries';
import { RemoteSchedules } from './schedules';
import { RemoteSecrets } from './secrets';
import { Transport, type RemoteConnecting } from './transport';

type Asked = Omit<RequestOptions, 'requestedBy' | 'automatic' | 'requestDigest' | 'requestId'>;

/** Deploys stacks, and queries them, through a server. Stacks are read, and secrets sealed, here. */
export class RemoteClient implements EngineClient {
  private readonly transport: Transport;
  readonly schedules: RemoteSchedules;
  readonly secrets: RemoteSecrets;
  readonly registries: RemoteRegistries;
  readonly access: RemoteAccess;
  readonly builds: RemoteBuilds;

  /** @throws BadRequest if the address is not one, or a token would travel unencrypted */
  constructor(given: RemoteConnecting) {
    this.transport = new Transport(given);
    this.schedules = new RemoteSchedules(this.transport);
    this.secrets = new RemoteSecrets(this.transport);
    this.registries = new RemoteRegistries(this.transport);
    this.access = new RemoteAccess(this.transport);
    this.builds = new RemoteBuilds(this.transport);
  }

  /** The caller as the server knows it. */
  whoami(): Promise<{ subject: string; token?: string; roles: { role: string; scope: string }[] }> {
    return this.transport.ask('GET', '/whoami');
  }

  async environments(most = 1000): Promise<Place[]> {
    return (await pagesOf<Place>(this.transport, '/environments', 'environments')).slice(0, most);
  }

  async environment(place: Place): Promise<EnvironmentState | undefined> {
    return unlessNotFound(this.transport.ask<EnvironmentState>('GET', pathOf(place)));
  }

  async status(stack: Stack): Promise<InspectResults['status']> {
    const answer = this.transport.ask<{ instances: InstanceLine[]; away: InspectResults['status']['away'] }>(
      'GET',
      `${pathOf(placeOf(stack))}/instances`,
    );
    const { instances: found, away } = (await unlessNotFound(answer)) ?? { instances: [], away: [] };
    return { found, away };
  }

  async logs(
    stack: Stack,
    services: string[],
    tail: number,
    after: Record<string, string> = {},
    times?: LogsRequest['times'],
  ): Promise<InspectResults['logs']> {
    const { logs: found, away } = await this.transport.ask<{
      logs: InspectResults['logs']['found'];
      away: InspectResults['logs']['away'];
    }>('POST', `${pathOf(placeOf(stack))}/logs`, { body: { services, tail, after, ...(times && { times }) } });
    return { found, away };
  }

  exec(stack: Stack, instance: string, command: string[]): Promise<InspectResults['exec']> {
    return this.transport.ask('POST', `${instancePath(stack, instance)}/exec`, { body: { command } });
  }

  async openCommand(
    stack: Stack,
    instance: string,
    command: string[],
    options: SessionOptions,
  ): Promise<CommandSession> {
    const key = new ChannelKey();
    const { input, terminal } = options;
    const session: SessionRequest = {
      key: key.publicKey,
      input: input !== undefined,
      ...(terminal && { terminal }),
    };
    const path = `${instancePath(stack, instance)}/sessions`;
    const { id } = await this.transport.ask<{ id: string }>('POST', path, { body: { command, ...session } });
    const at = `${path}/${id}`;
    return new CommandSession(
      {
        read: async (from) =>
          (await this.transport.ask<{ messages: string[] }>('GET', `${at}/messages`, { query: { from } })).messages,
        send: (sealed) => this.transport.ask('POST', `${at}/messages`, { body: { sealed } }),
        result: () => this.resultOf(`${at}/result`),
      },
      key,
      options,
    );
  }

  /** The result of what may take longer than the server lets a request wait. */
  private async resultOf(path: string): Promise<{ exitCode: number }> {
    for (;;) {
      const { exitCode } = await this.transport.ask<{ exitCode?: number }>('GET', path);
      if (exitCode !== undefined) return { exitCode };
    }
  }

  async hosts(stack: Stack): Promise<HostLine[]> {
    return (await this.transport.ask<{ hosts: HostLine[] }>('GET', `${pathOf(placeOf(stack))}/hosts`)).hosts;
  }

  async engines(stack: Stack): Promise<InspectResults['engines']> {
    const answer = this.transport.ask<{
      engines: InspectResults['engines']['found'];
      away: InspectResults['engines']['away'];
    }>('GET', `${pathOf(placeOf(stack))}/engines`);
    const { engines: found, away } = (await unlessNotFound(answer)) ?? { engines: [], away: [] };
    return { found, away };
  }

  async volumes(stack: Stack): Promise<InspectResults['volumes']> {
    const { volumes: found, away } = await this.transport.ask<{
      volumes: InspectResults['volumes']['found'];
      away: InspectResults['volumes']['away'];
    }>('GET', `${pathOf(placeOf(stack))}/volumes`);
    return { found, away };
  }

  removeVolume(stack: Stack, name: string): Promise<void> {
    return this.transport.ask('DELETE', `${pathOf(placeOf(stack))}/volumes/${encodeURIComponent(name)}`);
  }

  /** The stack with values as sealed secrets. The server adds the stored ones that it uses. */
  async seal(stack: Stack, values: SealingValues = {}): Promise<Stack> {
    const place = placeOf(stack);
    return sealStack(stack, values, {
      sealingKey: () => this.sealingKey(place),
      stored: async () => Object.fromEntries((await this.secrets.names(place)).map((name) => [name, ''])),
    });
  }

  sealingKey(place: Place): Promise<SealingKey> {
    return this.transport.ask('GET', `${pathOf(place)}/sealing-key`);
  }

  plan(stack: Stack, options: RequestOptions & { kind?: IntentKind; release?: number } = {}): Promise<PlanResult> {
    const { kind = 'deploy', release, services, force } = options;
    return this.transport.ask('POST', `${pathOf(placeOf(stack))}/plans`, {
      body: kind === 'rollback' ? { kind, release, services, force } : { kind, stack, services, force },
    });
  }

  deploy(stack: Stack, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.start(placeOf(stack), 'deploy', options, { stack });
  }

  rollback(place: Place, options: RequestOptions & { to?: number; insteadOf?: number } = {}) {
    const { to: release, insteadOf, ...others } = options;
    return this.start(place, 'rollback', others, { release, insteadOf });
  }

  stop(stack: Stack, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.start(placeOf(stack), 'stop', options);
  }

  redeploy(place: Place, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.start(place, 'redeploy', options);
  }

  restart(place: Place, services: string[], options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.start(place, 'restart', { ...options, services });
  }

  repair(place: Place, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.start(place, 'repair', options);
  }

  runJob(place: Place, job: string, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.start(place, 'run', { ...options, services: [job] });
  }

  private async start(
    place: Place,
    kind: string,
    { requestId, services, force, reason, whenBusy, fresh }: RequestOptions,
    more: { stack?: Stack; release?: number; insteadOf?: number } = {},
  ): Promise<DeploymentHandle> {
    const asked: Asked = { services, force, reason, whenBusy, fresh };
    const { id } = await this.transport.ask<{ id: string }>('POST', `${pathOf(place)}/deployments`, {
      body: { kind, ...more, ...asked },
      ...(requestId !== undefined && { headers: { 'idempotency-key': requestId } }),
    });
    return this.handle(deploymentId(place, id));
  }

  async loadBalancer(place: Place): Promise<LoadBalancerStatus> {
    return this.transport.ask('GET', `${pathOf(place)}/load-balancer`);
  }

  freeze(place: Place, { by: _by, ...order }: OrderOptions & { refuse?: boolean } = {}): Promise<Freeze> {
    return this.transport.ask('PUT', `${pathOf(place)}/freeze`, { body: order });
  }

  thaw(place: Place): Promise<void> {
    return this.transport.ask('DELETE', `${pathOf(place)}/freeze`);
  }

  pauseWatch(place: Place, { by: _by, ...order }: OrderOptions = {}): Promise<WatchPause> {
    return this.transport.ask('PUT', `${pathOf(place)}/watch/pause`, { body: order });
  }

  resumeWatch(place: Place): Promise<void> {
    return this.transport.ask('DELETE', `${pathOf(place)}/watch/pause`);
  }

  releaseSummary(place: Place, number: number): Promise<ReleaseSummary> {
    return this.transport.ask('GET', `${pathOf(place)}/releases/${number}`);
  }

  async jobsSince(place: Place, target: number): Promise<PastRun[]> {
    return jobsSinceIn(...(await Promise.all([this.environment(place), this.releaseSummary(place, target)])));
  }

  async previousRelease(place: Place): Promise<number> {
    return previousIn(await this.environment(place), place);
  }

  async history(place: Place, limit = 20): Promise<HistoryEntry[]> {
    const path = `${pathOf(place)}/deployments`;
    const deployments = await pagesOf<HistoryEntry & { id: string }>(this.transport, path, 'deployments', limit);
    return deployments.map(({ id, ...entry }) => ({
      ...entry,
      workflowId: deploymentId(place, id),
      startedAt: new Date(entry.startedAt),
      ...(entry.endedAt && { endedAt: new Date(entry.endedAt) }),
    }));
  }

  async laterFailure(place: Place, { recent: _recent }: Pick<EnvironmentState, 'recent'>) {
    const { failure } = await this.transport.ask<{ failure?: LaterFailure }>('GET', `${pathOf(place)}/later-failure`);
    return failure && { ...failure, ...(failure.endedAt && { endedAt: new Date(failure.endedAt) }) };
  }

  async deployment(place: Place, number: number): Promise<DeploymentHandle> {
    const { id } = await this.transport.ask<{ id: string }>('GET', `${pathOf(place)}/deployments/${number}`, {
      query: { since: 1e9 },
    });
    return this.handle(deploymentId(place, id));
  }

  handle(workflowId: string): DeploymentHandle {
    return new RemoteDeployment(this.transport, requireDeploymentId(workflowId));
  }

  handleIn(place: Place, workflowId: string): DeploymentHandle {
    return this.handle(requireDeploymentOf(place, workflowId));
  }

  async cancel(
    stack: Stack,
    workflowId: string,
    _by: string,
    options: { killJobs?: boolean } = {},
  ): Promise<{ ending: CancellationResponse; settling?: DeploymentHandle }> {
    const place = placeOf(stack);
    const deployment = new RemoteDeployment(this.transport, requireDeploymentOf(place, workflowId));
    const { ending, settling } = await deployment.requestEnd(options);
    return { ending, ...(settling !== undefined && { settling: this.handle(deploymentId(place, settling)) }) };
  }

  audit(stack: Stack, last = 50): Promise<AuditTrail> {
    return trailOf(this.transport, `${pathOf(placeOf(stack))}/audit`, last);
  }

  /** Nothing stays open between requests. */
  async close(): Promise<void> {}
}

function instancePath(stack: Stack, instance: string): string {
  return `${pathOf(placeOf(stack))}/instances/${encodeURIComponent(instance)}`;
}

async function unlessNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (error instanceof NotFound) return undefined;
    throw error;
  });
}
