import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import type { Stack } from '../model/stack';
import type { AuditTrail } from '../model/audit';
import { requireDeploymentId } from '../model/names';
import { longestAuthor, longestReason, oneLine } from '../model/text';
import type { PastRun } from '../plan/service/job-runs';
import type { IntentKind } from '../model/deployment';
import type { Refusal } from '../plan/plan';
import type { InspectResults } from '../workflows/inspect';
import {
  contentsQuery,
  environmentId,
  environmentQuery,
  freezeSignal,
  pauseWatchSignal,
  releaseId,
  resumeWatchSignal,
  taskQueue,
  thawSignal,
  type DeploymentInput,
  type EnvironmentState,
  type Freeze,
  type Place,
  type PlanSummary,
  type ReleaseContents,
  type WatchPause,
} from '../workflows/messages';
import { ask } from '../temporal/ask';
import { Builds } from '../temporal/builds';
import { connect, connectionSettings } from '../temporal/connection';
import { DeploymentHandle } from './deployment-handle';
import { BadRequest } from '../temporal/errors';
import { listHistory, findDeployment, type HistoryEntry } from './history';
import { actOf, orderOf, type OrderOptions } from './orders';
import { lineOf } from './line-of';
import { placeOf } from './place';
import { intentOf, startDeployment, type RequestOptions } from './request';
import { Schedules } from './schedules';
import { Reader } from './reader';
import type { Ending, ResponseLimits } from '../temporal/responsiveness';
import { settle } from './settle';
import { signalEnvironment } from '../temporal/signal-environment';
import { unlessMissing } from '../temporal/unless-missing';
import { userName } from './user';
import { withinLimits } from './within-limits';

export interface PlanResult {
  plan: PlanSummary;
  refusals: Refusal[];
}

/** Deploys stacks, and asks about them. Talks to Temporal only: what runs is the workers' matter. */
export class DeployCodeClient extends Reader {
  /**
   * Connects by Temporal's own settings: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS, API keys and profiles.
   * @throws EngineUnreachable when no server answers
   */
  static async connect(given: { address?: string; namespace?: string } = {}): Promise<DeployCodeClient> {
    return new DeployCodeClient(await connect(connectionSettings(given)));
  }

  /** Over a connection that somebody else opened, and closes. */
  static over(temporal: Client): DeployCodeClient {
    return new DeployCodeClient(temporal);
  }

  /** Builds of the engine that run side by side. */
  get builds(): Builds {
    return new Builds(this.temporal);
  }

  /** Schedules of environments. */
  get schedules(): Schedules {
    return new Schedules(this.temporal, (place, what) => this.recordAct(place, what));
  }

  /** Writes what the client is about to do itself into the audit trail. */
  private async recordAct({ stack, environment }: Place, what: string): Promise<void> {
    const folder = (await this.environment({ stack, environment }))?.audit?.folder;
    const place = { stack, environment, ...(folder !== undefined && { folder }) };
    await this.inspect({ kind: 'act', place, what, taskQueue, act: actOf() });
  }

  async close(): Promise<void> {
    await this.temporal.connection.close();
  }

  /** What a deployment would do. Changes nothing. */
  async plan(
    stack: Stack,
    options: RequestOptions & { kind?: IntentKind; release?: number } = {},
  ): Promise<PlanResult> {
    const state = await this.environment(placeOf(stack));
    const { deployment, release } = state?.numbers ?? { deployment: 0, release: 0 };
    return this.inspect({
      kind: 'plan',
      stack: withinLimits(stack),
      taskQueue,
      intent: intentOf(options.kind ?? 'deploy', options),
      pinned: options.release === undefined ? {} : (await this.release(placeOf(stack), options.release)).images,
      deployment: deployment + 1,
      release: { from: state?.current?.release, to: options.release ?? release + 1 },
      jobs: state?.jobs ?? {},
    });
  }

  /** Deploys a stack as a new release. */
  async deploy(stack: Stack, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.start(stack, 'deploy', options);
  }

  /**
   * Brings a kept release about again; default the one before the current. `insteadOf`: refused where another release
   * is current by then.
   */
  async rollback(
    place: Place,
    options: RequestOptions & { to?: number; insteadOf?: number } = {},
  ): Promise<DeploymentHandle> {
    const target = options.to ?? (await this.previousRelease(place));
    const { stack, images } = await this.release(place, target);
    return this.start(stack, 'rollback', options, {
      pinned: images,
      target,
      ...(options.insteadOf !== undefined && { insteadOf: options.insteadOf }),
    });
  }

  /** Stops everything of an environment, dependants first. Volumes stay. */
  async stop(stack: Stack, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.start(stack, 'stop', options);
  }

  /** Deploys the current release again, with fresh images. */
  async redeploy(place: Place, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.again(place, 'deploy', { ...options, fresh: true });
  }

  /** Replaces the instances of services by fresh ones of the same release. */
  async restart(place: Place, services: string[], options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.again(place, 'restart', { ...options, services });
  }

  /** Puts right what differs from the current release though no deployment has done it. */
  async repair(place: Place, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.again(place, 'repair', options);
  }

  /** Runs a job of the current release now. */
  async runJob(place: Place, job: string, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.again(place, 'run', { ...options, services: [job] });
  }

  /** What the environment remembers; undefined where it remembers nothing. */
  async environment(place: Place): Promise<EnvironmentState | undefined> {
    await this.requireWorker();
    return unlessMissing(() =>
      ask(this.temporal, () => this.temporal.workflow.getHandle(environmentId(place)).query(environmentQuery)),
    );
  }

  /** Every instance, with its health as probed just now; restarts by the watch are counted too. */
  override async status(stack: Stack): Promise<InspectResults['status']> {
    const [{ found, away }, state] = await Promise.all([super.status(stack), this.environment(placeOf(stack))]);
    return {
      away,
      found: found.map((line) => ({ ...line, restarts: line.restarts + (state?.watch?.restarted?.[line.name] ?? 0) })),
    };
  }

  /** Lets nothing begin until the freeze is over, or somebody thaws. What runs goes on. */
  async freeze(place: Place, { refuse = false, ...order }: OrderOptions & { refuse?: boolean } = {}): Promise<Freeze> {
    const freeze: Freeze = { ...orderOf('a freeze', order), at: Date.now(), refuse };
    await this.requireWorker();
    await signalEnvironment(this.temporal, place, freezeSignal, freeze);
    return freeze;
  }

  /** Ends a freeze: what waits begins. @throws BadRequest where nothing is frozen */
  async thaw(place: Place, by?: string): Promise<void> {
    if (!(await this.environment(place))?.freeze)
      throw new BadRequest(`${place.stack}/${place.environment} is not frozen`);
    await this.temporal.workflow.getHandle(environmentId(place)).signal(thawSignal, actOf(by));
  }

  /**
   * Keeps the engine's hands off what runs: nothing is restarted or repaired until the pause is over, or somebody
   * resumes the watch.
   */
  async pauseWatch(place: Place, order: OrderOptions = {}): Promise<WatchPause> {
    const pause: WatchPause = orderOf('a pause', order);
    if (!(await this.environment(place))?.current)
      throw new BadRequest(`nothing is deployed in ${place.stack}/${place.environment}, and nothing watched`);
    await this.temporal.workflow.getHandle(environmentId(place)).signal(pauseWatchSignal, pause);
    return pause;
  }

  /** @throws BadRequest where the watch is not paused */
  async resumeWatch(place: Place, by?: string): Promise<void> {
    if (!(await this.environment(place))?.watchPause)
      throw new BadRequest(`the watch of ${place.stack}/${place.environment} is not paused`);
    await this.temporal.workflow.getHandle(environmentId(place)).signal(resumeWatchSignal, actOf(by));
  }

  /** @throws BadRequest when the release is not kept */
  async release(place: Place, number: number): Promise<ReleaseContents> {
    const kept = (await this.environment(place))?.releases ?? [];
    const contents = kept.includes(number)
      ? await unlessMissing(() =>
          ask(this.temporal, () => this.temporal.workflow.getHandle(releaseId(place, number)).query(contentsQuery)),
        )
      : undefined;
    if (contents) return contents;
    throw new BadRequest(
      `release ${number} of ${place.stack}/${place.environment} is not kept; kept are ${kept.join(', ') || 'none'}`,
    );
  }

  /**
   * Jobs that ran since a kept release was deployed, in failed deployments too: what a rollback to it would go over.
   */
  async jobsSince(place: Place, target: number): Promise<PastRun[]> {
    const [state, { deployment }] = await Promise.all([this.environment(place), this.release(place, target)]);
    return state?.current?.release === target ? [] : (state?.runs ?? []).filter((run) => run.deployment > deployment);
  }

  async previousRelease(place: Place): Promise<number> {
    const state = await this.environment(place);
    const current = state?.current?.release ?? Infinity;
    const previous = state?.releases.filter((number) => number < current).at(-1);
    if (previous === undefined)
      throw new BadRequest(`${place.stack}/${place.environment} has no release to go back to`);
    return previous;
  }

  /** Deployments of an environment, the newest first. */
  async history(place: Place, limit = 20): Promise<HistoryEntry[]> {
    return listHistory(this.temporal, place, limit);
  }

  /** A deployment by its number. @throws BadRequest when there is none */
  async deployment(place: Place, number: number): Promise<DeploymentHandle> {
    const workflowId = await findDeployment(this.temporal, place, number);
    if (!workflowId)
      throw new BadRequest(
        `${place.stack}/${place.environment} has no deployment ${number}, or Temporal's retention has removed it`,
      );
    return this.handle(workflowId);
  }

  /** A deployment by its workflow id, also one that still waits in the queue. */
  handle(workflowId: string): DeploymentHandle {
    return new DeploymentHandle(this.temporal.workflow.getHandle(workflowId));
  }

  /**
   * Cancels a deployment, and ends it where it cannot take that in. `settling`: the deployment that puts back what a
   * terminated one left, where that had begun.
   */
  async cancel(
    stack: Stack,
    workflowId: string,
    by: string,
    options: { killJobs?: boolean; responseLimits?: ResponseLimits } = {},
  ): Promise<{ ending: Ending; settling?: DeploymentHandle }> {
    const handle = this.handleIn(placeOf(stack), workflowId);
    const ending = await handle.end(by, options);
    if (ending !== 'terminated') return { ending };
    const settling = await settle(this, this.temporal, stack, by);
    return { ending, ...(settling && { settling }) };
  }

  /**
   * A deployment of one environment by its workflow id. @throws BadRequest where the deployment belongs to another one
   */
  handleIn({ stack, environment }: Place, workflowId: string): DeploymentHandle {
    if (requireDeploymentId(workflowId).startsWith(`deployment/${stack}/${environment}/`))
      return this.handle(workflowId);
    throw new BadRequest(
      `${workflowId} is not a deployment of ${stack}/${environment}; name ` +
        'its own stack file and environment with -c and -e',
    );
  }

  /** Who asked for what, and what came of it; checked against what the environment remembers. */
  async audit(stack: Stack, last = 50): Promise<AuditTrail> {
    const known = (await this.environment(placeOf(stack)))?.audit;
    return this.inspect({ kind: 'audit', stack, last, taskQueue, ...(known && { known }) });
  }

  private async again(place: Place, kind: IntentKind, options: RequestOptions): Promise<DeploymentHandle> {
    const state = await this.environment(place);
    const current = state?.current?.release;
    if (state === undefined || current === undefined)
      throw new BadRequest(`nothing is deployed in ${place.stack}/${place.environment}; deploy it first`);
    const { stack, images } = await this.release(
      place,
      state.releases.includes(current) ? current : (state.releases.at(-1) ?? current),
    );
    const unknown = (options.services ?? []).find((name) => !stack.services[name]);
    if (unknown)
      throw new BadRequest(
        `release ${current} has no service "${unknown}"; it has ${Object.keys(stack.services).join(', ')}`,
      );
    const service = (options.services ?? []).find((name) => kind === 'run' && stack.services[name]!.kind !== 'job');
    if (service)
      throw new BadRequest(
        `${service} is a service, and only a job runs on request; ` +
          `\`deploy-code restart ${service}\` replaces its instances`,
      );
    return this.start(stack, kind, options, {
      ...(!options.fresh && { pinned: images }),
      ...(kind !== 'deploy' && { target: current }),
      followsCurrent: true,
    });
  }

  private async start(
    stack: Stack,
    kind: IntentKind,
    options: RequestOptions,
    more: Partial<Pick<DeploymentInput, 'pinned' | 'target' | 'followsCurrent' | 'insteadOf'>> = {},
  ): Promise<DeploymentHandle> {
    await this.requireWorkers(stack);
    const input: DeploymentInput = {
      stack: withinLimits(stack),
      taskQueue,
      pinned: {},
      ...more,
      intent: intentOf(kind, options),
      requestedBy: lineOf('requestedBy', options.requestedBy ?? userName(), longestAuthor),
      requestedFrom: oneLine(hostname(), longestAuthor),
      reason: options.reason === undefined ? undefined : lineOf('reason', options.reason, longestReason),
      ...(options.whenBusy && { whenBusy: options.whenBusy }),
      ...(options.automatic && { automatic: true }),
    };
    return new DeploymentHandle(await startDeployment(this.temporal, input, options.requestId));
  }
}
