import type { AuditTrail } from '../../model/audit';
import type { IntentKind } from '../../model/deployment';
import type { HookDelivery, HookVerdict } from '../../model/hooks';
import type { SealingKey } from '../../model/instance';
import { withCompletion } from '../../model/instance-status';
import type { Stack } from '../../model/stack';
import type { Refusal } from '../../plan/plan';
import type { PastRun } from '../../plan/service/job-runs';
import { ask } from '../../temporal/ask';
import { BadRequest, EngineUnreachable } from '../../temporal/errors';
import { unlessMissing } from '../../temporal/unless-missing';
import type { InspectResults } from '../../workflows/inspect';
import {
  contentsQuery,
  environmentId,
  environmentQuery,
  releaseId,
  taskQueue,
  type EnvironmentState,
  type Place,
  type PlanSummary,
  type ReleaseContents,
} from '../../workflows/messages';
import { TemporalDeployment, type DeploymentHandle } from '../deployment-handle';
import {
  findDeployment,
  laterFailure,
  listHistory,
  withRequests,
  type HistoryEntry,
  type HistoryPosition,
  type LaterFailure,
} from '../history';
import { jobsSinceIn, previousIn, summaryOf, type ReleaseSummary } from '../history/releases';
import { loadBalancerStatus, type LoadBalancerStatus } from '../load-balancer';
import { placeOf, requireDeploymentOf } from '../place';
import { findRequest, intentOf, type RequestOptions } from '../request';
import { withinLimits } from '../within-limits';
import { InstanceReader } from './instances';
import { listMarks, type EnvironmentMark } from './marks';

export interface PlanResult {
  plan: PlanSummary;
  refusals: Refusal[];
}

/** Queries for environments, their releases and deployments, and for what {@link InstanceReader} reads. */
export class Reader extends InstanceReader {
  /** The public key with which values are sealed for an environment. */
  sealingKey(place: Place): Promise<SealingKey> {
    return this.inspect({ kind: 'sealing-key', place, taskQueue });
  }

  /** Returns what a deployment would do, and why it would be refused. Changes nothing. */
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
      ...(state?.applied && { applied: state.applied }),
    });
  }

  /** Verifies a request to a trigger of a kept release. Temporal does not keep the request. */
  async readHook(place: Place, release: number, trigger: string, delivery: HookDelivery): Promise<HookVerdict> {
    return this.inspect({ kind: 'hook', place, release, trigger, delivery, taskQueue });
  }

  /** The state of an environment; undefined if its workflow does not exist. */
  async environment(place: Place): Promise<EnvironmentState | undefined> {
    await this.requireWorker();
    return unlessMissing(() =>
      ask(this.temporal, () => this.temporal.workflow.getHandle(environmentId(place)).query(environmentQuery)),
    );
  }

  /** All environments in Temporal's lists, by `STACK/ENVIRONMENT`; at most `most`. Asks no worker. */
  async marks(most = 5000): Promise<Map<string, EnvironmentMark>> {
    return listMarks(this.temporal, most);
  }

  /** Every instance with its current health. The number of restarts includes those by the watch. */
  override async status(stack: Stack): Promise<InspectResults['status']> {
    const [{ found, away }, state] = await Promise.all([super.status(stack), this.environment(placeOf(stack))]);
    return {
      away,
      found: found
        .map((line) => withCompletion(line, state?.jobs))
        .map((line) => ({ ...line, restarts: line.restarts + (state?.watch?.restarted?.[line.name] ?? 0) })),
    };
  }

  /** The ports and names of an environment at the shared load balancer, and the state of its certificate. */
  async loadBalancer(place: Place): Promise<LoadBalancerStatus> {
    await this.requireWorker();
    return loadBalancerStatus(this.temporal, place);
  }

  /**
   * The contents of a kept release. `state`: that of the environment, if it has just been read.
   * @throws BadRequest if the release is not kept
   */
  async release(place: Place, number: number, state?: Pick<EnvironmentState, 'releases'>): Promise<ReleaseContents> {
    const kept = (state ?? (await this.environment(place)))?.releases ?? [];
    const contents = kept.includes(number)
      ? await unlessMissing(() =>
          ask(this.temporal, () => this.temporal.workflow.getHandle(releaseId(place, number)).query(contentsQuery)),
        )
      : undefined;
    if (contents) return contents;
    throw new BadRequest(
      `release ${number} of ${place.stack}/${place.environment} is not kept; available: ${kept.join(', ') || 'none'}`,
    );
  }

  /**
   * Job runs since a kept release was deployed, including those of failed deployments. A rollback to the release would
   * not undo them.
   */
  async jobsSince(place: Place, target: number): Promise<PastRun[]> {
    const [state, release] = await Promise.all([this.environment(place), this.release(place, target)]);
    return jobsSinceIn(state, release);
  }

  /** A kept release, without its stack. @throws BadRequest if it is not kept */
  async releaseSummary(place: Place, number: number): Promise<ReleaseSummary> {
    return summaryOf(await this.release(place, number));
  }

  /** The kept release before the current one. @throws BadRequest if there is none */
  async previousRelease(place: Place): Promise<number> {
    return previousIn(await this.environment(place), place);
  }

  /**
   * Deployments of an environment, newest first: those that run, then those that ended last. `after`: only those after
   * this one. Without a worker, those that run lack their requests.
   */
  async history(place: Place, limit = 20, after?: HistoryPosition): Promise<HistoryEntry[]> {
    const entries = await listHistory(this.temporal, place, limit, after);
    if (entries.every(({ endedAt }) => endedAt)) return entries;
    const state = await this.environment(place).catch((error: unknown) => {
      if (error instanceof EngineUnreachable) return undefined;
      throw error;
    });
    return state ? withRequests(entries, state) : entries;
  }

  /** The deployment that failed after the last one that did what was requested. */
  async laterFailure(place: Place, state: Pick<EnvironmentState, 'recent'>): Promise<LaterFailure | undefined> {
    return laterFailure(this.temporal, place, state);
  }

  /** A deployment by its number. @throws BadRequest if there is none */
  async deployment(place: Place, number: number): Promise<DeploymentHandle> {
    const workflowId = await findDeployment(this.temporal, place, number);
    if (!workflowId)
      throw new BadRequest(
        `${place.stack}/${place.environment} has no deployment ${number}, or Temporal's retention has removed it`,
      );
    return this.handle(workflowId);
  }

  /**
   * The deployment that a request with this ID has started; undefined if there is none.
   * @throws BadRequest if it was another request, by its digest
   */
  async requested(
    place: Place,
    { requestId, requestDigest }: Pick<RequestOptions, 'requestId' | 'requestDigest'>,
  ): Promise<DeploymentHandle | undefined> {
    if (requestId === undefined) return undefined;
    const found = await findRequest(this.temporal, place, requestId, requestDigest);
    return found && new TemporalDeployment(found);
  }

  /** A deployment by its workflow ID, also while it waits in the queue. */
  handle(workflowId: string): DeploymentHandle {
    return new TemporalDeployment(this.temporal.workflow.getHandle(workflowId));
  }

  /** A deployment by its workflow ID. @throws BadRequest if it belongs to another environment */
  handleIn(place: Place, workflowId: string): DeploymentHandle {
    return this.handle(requireDeploymentOf(place, workflowId));
  }

  /**
   * The last records of the audit trail, or the last before the number `before`, and the problem if the trail was
   * changed: all records are verified.
   */
  async audit(stack: Stack, last = 50, before?: number): Promise<AuditTrail> {
    const known = (await this.environment(placeOf(stack)))?.audit;
    return this.inspect({ kind: 'audit', stack, last, before, taskQueue, ...(known && { known }) });
  }
}
