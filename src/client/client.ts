import type { Client } from '@temporalio/client';
import type { Stack } from '../model/stack';
import type { AuditTrail } from '../model/audit';
import { requireName } from '../model/names';
import { withImages } from '../model/stack/with-images';
import { withCompletion } from '../model/instance-status';
import { longestAuthor, longestReason } from '../model/text';
import type { PastRun } from '../plan/service/job-runs';
import type { IntentKind } from '../model/deployment';
import type { Refusal } from '../plan/plan';
import type { HookDelivery, HookVerdict } from '../model/hooks';
import type { SealingKey, SealingValues } from '../model/instance';
import type { InspectResults } from '../workflows/inspect';
import { Access } from './access';
import { Registries } from './registries';
import { sealStack, withStored } from './secrets/seal';
import { loadBalancerStatus, type LoadBalancerStatus } from './load-balancer';
import { StoredSecrets } from './secrets/stored';
import { signing } from './access/statements';
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
import { connect, connectionSettings, type Connecting } from '../temporal/connection';
import { TemporalDeployment, type CancellationResponse, type DeploymentHandle } from './deployment-handle';
import { BadRequest, EngineUnreachable } from '../temporal/errors';
import {
  findDeployment,
  laterFailure,
  listHistory,
  withRequests,
  type HistoryEntry,
  type HistoryPosition,
  type LaterFailure,
} from './history';
import { jobsSinceIn, previousIn, summaryOf, type ReleaseSummary } from './history/releases';
import { actOf, orderOf, type OrderOptions } from './orders';
import { placeOf, requireDeploymentOf } from './place';
import { requireServer, requireTls, untilTaken } from './access/protection';
import { findRequest, intentOf, startDeployment, type RequestOptions } from './request';
import { Schedules } from './schedules';
import { Reader } from './reader';
import type { StatementSigner } from '../guard/access/statement';
import type { ResponseLimits } from '../temporal/responsiveness';
import { settle } from './settle';
import { signalEnvironment } from '../temporal/signal-environment';
import { unlessMissing } from '../temporal/unless-missing';
import { origin, userName } from './user';
import { lineOf, withinLimits } from './within-limits';

/** What an event of a trigger changes: images of services, or the commit that they are of. */
type SourceChange = Pick<DeploymentInput, 'images' | 'commit'>;

export interface PlanResult {
  plan: PlanSummary;
  refusals: Refusal[];
}

export interface Signing {
  signer?: StatementSigner;
}

/** Deploys stacks, and queries them. It talks to Temporal only; workers talk to the hosts. */
export class DirectClient extends Reader {
  /**
   * Connects with Temporal's own settings: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS, API keys and profiles.
   * `signer`: signs each request, for environments that take requests of servers only.
   * @throws EngineUnreachable if no server answers
   */
  static async connect({ signer, ...given }: Connecting & Signing = {}): Promise<DirectClient> {
    const temporal = await connect(connectionSettings(given), signer ? [signing(signer)] : []);
    return new DirectClient(temporal, signer);
  }

  /** Uses an open connection, which the caller closes, and which signs requests itself. */
  static over(temporal: Client, { signer }: Signing = {}): DirectClient {
    return new DirectClient(temporal, signer);
  }

  private constructor(
    temporal: Client,
    private readonly signer?: StatementSigner,
  ) {
    super(temporal);
  }

  /** Builds of the engine that run side by side. */
  get builds(): Builds {
    return new Builds(this.temporal);
  }

  /** Schedules of environments. */
  get schedules(): Schedules {
    return new Schedules(this.temporal, (place, what) => this.recordAct(place, what), this.signer);
  }

  /** Records an action of the client itself in the audit trail, before the client performs it. */
  private async recordAct(place: Place, what: string): Promise<void> {
    await this.inspect({ kind: 'act', place: await this.auditPlaceOf(place), what, taskQueue, act: actOf() });
  }

  private async auditPlaceOf({ stack, environment }: Place): Promise<Place & { folder?: string }> {
    const folder = (await this.environment({ stack, environment }))?.audit?.folder;
    return { stack, environment, ...(folder !== undefined && { folder }) };
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    await this.temporal.connection.close();
  }

  /** Secrets that the engine stores for environments. */
  get secrets(): StoredSecrets {
    return new StoredSecrets(this.temporal, {
      requireWorker: () => this.requireWorker(),
      sealingKey: (place) => this.sealingKey(place),
      reseal: async (place, secrets) =>
        this.inspect({ kind: 'reseal', place: await this.auditPlaceOf(place), secrets, taskQueue, act: actOf() }),
      environment: (place) => this.environment(place),
      release: (place, number) => this.release(place, number),
      logins: () => this.registries.list(),
      order: (place, send, isTaken) => this.order(place, send, isTaken),
    });
  }

  /** Logins of the whole installation at image registries. */
  get registries(): Registries {
    return new Registries(this.temporal, {
      requireWorker: () => this.requireWorker(),
      sealingKey: (place) => this.sealingKey(place),
      trail: (place, last, known) => this.inspect({ kind: 'trail', place, last, known, taskQueue }),
    });
  }

  /** Roles and tokens of the whole installation, for its servers. */
  get access(): Access {
    return new Access(this.temporal, (place, last, known) =>
      this.inspect({ kind: 'trail', place, last, known, taskQueue }),
    );
  }

  /**
   * The stack with values as sealed secrets, and with the stored secrets that it uses as they are now. Temporal only
   * ever holds the ciphertext.
   * @throws BadRequest if one of those is not stored
   */
  async seal(stack: Stack, values: SealingValues = {}): Promise<Stack> {
    const place = placeOf(stack);
    return sealStack(stack, values, {
      sealingKey: () => this.sealingKey(place),
      stored: () => this.secrets.ciphertexts(place),
    });
  }

  /**
   * A stack that somebody else has sealed, with the stored secrets that it uses as they are now.
   * @throws BadRequest if one of those is not stored
   */
  async withStored(stack: Stack): Promise<Stack> {
    return withStored(stack, () => this.secrets.ciphertexts(placeOf(stack)));
  }

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

  /** Deploys a stack as a new release. */
  async deploy(stack: Stack, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.start(stack, 'deploy', options);
  }

  /**
   * Deploys a kept release again; default the one before the current. `insteadOf`: the deployment is refused if another
   * release than this one is current by then.
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
      basedOn: target,
      ...(options.insteadOf !== undefined && { insteadOf: options.insteadOf }),
    });
  }

  /** Stops and removes the services of an environment, dependants first. Volumes are kept. */
  async stop(stack: Stack, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.start(stack, 'stop', options);
  }

  /** Deploys the current release again, with fresh images. */
  async redeploy(place: Place, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.again(place, 'deploy', { ...options, fresh: true });
  }

  /** The same for a trigger; with `images`, only the services that get others. */
  async redeployFor(event: SourceChange, place: Place, options: RequestOptions): Promise<DeploymentHandle> {
    const services = event.images ? { services: Object.keys(event.images) } : {};
    return this.again(place, 'deploy', { ...options, ...services, fresh: true }, event);
  }

  /** Verifies a request to a trigger of a kept release. Temporal does not keep the request. */
  async readHook(place: Place, release: number, trigger: string, delivery: HookDelivery): Promise<HookVerdict> {
    return this.inspect({ kind: 'hook', place, release, trigger, delivery, taskQueue });
  }

  /** Replaces the instances of services with fresh ones of the same release. */
  async restart(place: Place, services: string[], options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.again(place, 'restart', { ...options, services });
  }

  /** Corrects drift: differences from the current release that no deployment made. */
  async repair(place: Place, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.again(place, 'repair', options);
  }

  /** Runs a job of the current release now. */
  async runJob(place: Place, job: string, options: RequestOptions = {}): Promise<DeploymentHandle> {
    return this.again(place, 'run', { ...options, services: [job] });
  }

  /** The state of an environment; undefined if its workflow does not exist. */
  async environment(place: Place): Promise<EnvironmentState | undefined> {
    await this.requireWorker();
    return unlessMissing(() =>
      ask(this.temporal, () => this.temporal.workflow.getHandle(environmentId(place)).query(environmentQuery)),
    );
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

  /** Blocks new deployments until `until` or {@link thaw}. Running ones continue. */
  async freeze(place: Place, { refuse = false, ...order }: OrderOptions & { refuse?: boolean } = {}): Promise<Freeze> {
    const freeze: Freeze = { ...orderOf('a freeze', order), at: Date.now(), refuse };
    await this.order(
      place,
      () => signalEnvironment(this.temporal, place, freezeSignal, freeze),
      async () => (await this.environment(place))?.freeze?.at === freeze.at,
    );
    return freeze;
  }

  /** Ends a freeze, so that waiting deployments start. @throws BadRequest if the environment is not frozen */
  async thaw(place: Place, by?: string): Promise<void> {
    const before = await this.environment(place);
    if (!before?.freeze) throw new BadRequest(`${place.stack}/${place.environment} is not frozen`);
    await this.order(
      place,
      () => this.temporal.workflow.getHandle(environmentId(place)).signal(thawSignal, actOf(by)),
      async () => (await this.environment(place))?.freeze === undefined,
      before,
    );
  }

  /**
   * Pauses automatic restarts and repairs until `until` or {@link resumeWatch}.
   * @throws BadRequest if nothing is deployed
   */
  async pauseWatch(place: Place, order: OrderOptions = {}): Promise<WatchPause> {
    const pause: WatchPause = orderOf('a pause', order);
    const before = await this.environment(place);
    if (!before?.current)
      throw new BadRequest(`nothing is deployed in ${place.stack}/${place.environment}, so there is no watch to pause`);
    await this.order(
      place,
      () => this.temporal.workflow.getHandle(environmentId(place)).signal(pauseWatchSignal, pause),
      async () => (await this.environment(place))?.watchPause !== undefined,
      before,
    );
    return pause;
  }

  /** Ends a pause of the watch. @throws BadRequest if the watch is not paused */
  async resumeWatch(place: Place, by?: string): Promise<void> {
    const before = await this.environment(place);
    if (!before?.watchPause) throw new BadRequest(`the watch of ${place.stack}/${place.environment} is not paused`);
    await this.order(
      place,
      () => this.temporal.workflow.getHandle(environmentId(place)).signal(resumeWatchSignal, actOf(by)),
      async () => (await this.environment(place))?.watchPause === undefined,
      before,
    );
  }

  /**
   * Sends an order to an environment; waits until a protected one has taken it. `known`: its state, if it has just been
   * read.
   * @throws BadRequest if it takes orders of servers only, or does not take this one
   */
  private async order(
    place: Place,
    send: () => Promise<void>,
    isTaken: () => Promise<boolean>,
    known?: EnvironmentState,
  ): Promise<void> {
    const before = known ?? (await this.environment(place));
    requireServer(place, before, this.signer !== undefined);
    await send();
    if (before?.statements) await untilTaken(place, before, () => this.environment(place), isTaken);
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

  /**
   * Cancels a deployment, and terminates it if it is stuck and cannot handle the request. `settling`: the deployment
   * that undoes the unfinished changes of a terminated one.
   */
  async cancel(
    stack: Stack,
    workflowId: string,
    by: string,
    options: { killJobs?: boolean; responseLimits?: ResponseLimits } = {},
  ): Promise<{ ending: CancellationResponse; settling?: DeploymentHandle }> {
    const handle = this.handleIn(placeOf(stack), workflowId);
    const ending = await handle.end(by, options);
    if (ending !== 'terminated') return { ending };
    const settling = await this.settle(stack, by);
    return { ending, ...(settling && { settling }) };
  }

  /** Starts the deployment that undoes the unfinished changes of a terminated one; undefined if the next one does. */
  settle(stack: Stack, by: string): Promise<DeploymentHandle | undefined> {
    return settle(this, this.temporal, stack, by);
  }

  /** A deployment by its workflow ID. @throws BadRequest if it belongs to another environment */
  handleIn(place: Place, workflowId: string): DeploymentHandle {
    return this.handle(requireDeploymentOf(place, workflowId));
  }

  /** The last records of the audit trail, and the problem if the trail was changed: all records are verified. */
  async audit(stack: Stack, last = 50): Promise<AuditTrail> {
    const known = (await this.environment(placeOf(stack)))?.audit;
    return this.inspect({ kind: 'audit', stack, last, taskQueue, ...(known && { known }) });
  }

  private async again(
    place: Place,
    kind: IntentKind,
    options: RequestOptions,
    { images: others, commit }: SourceChange = {},
  ): Promise<DeploymentHandle> {
    const state = await this.environment(place);
    const current = state?.current?.release;
    if (state === undefined || current === undefined)
      throw new BadRequest(`nothing is deployed in ${place.stack}/${place.environment}; deploy it first`);
    const basedOn = state.releases.includes(current) ? current : (state.releases.at(-1) ?? current);
    const { stack, images } = await this.release(place, basedOn, state);
    const unknown = (options.services ?? []).find((name) => !Object.hasOwn(stack.services, name));
    if (unknown)
      throw new BadRequest(
        `release ${current} has no service "${unknown}"; available: ${Object.keys(stack.services).join(', ')}`,
      );
    const service = (options.services ?? []).find((name) => kind === 'run' && stack.services[name]!.kind !== 'job');
    if (service)
      throw new BadRequest(
        `${service} is a service, and only jobs can be run; ` +
          `to replace its instances, use \`deploy-code restart ${service}\``,
      );
    return this.start(withImages(stack, others), kind, options, {
      ...(others && { images: others }),
      ...(commit !== undefined && { commit: requireName('commit', commit) }),
      ...(!options.fresh && { pinned: images }),
      ...(kind !== 'deploy' && { target: current }),
      followsCurrent: true,
      basedOn,
    });
  }

  private async start(
    stack: Stack,
    kind: IntentKind,
    options: RequestOptions,
    more: Partial<
      Pick<DeploymentInput, 'pinned' | 'target' | 'followsCurrent' | 'insteadOf' | 'basedOn' | 'images' | 'commit'>
    > = {},
  ): Promise<DeploymentHandle> {
    requireTls(stack, this.temporal);
    await this.requireWorkers(stack);
    const input: DeploymentInput = {
      stack: withinLimits(stack),
      taskQueue,
      pinned: {},
      ...(options.basedOn !== undefined && { basedOn: options.basedOn }),
      ...more,
      intent: intentOf(kind, options),
      requestedBy: lineOf('requestedBy', options.requestedBy ?? userName(), longestAuthor),
      requestedFrom: origin(),
      reason: options.reason === undefined ? undefined : lineOf('reason', options.reason, longestReason),
      ...(options.whenBusy && { whenBusy: options.whenBusy }),
      ...(options.automatic && { automatic: true }),
    };
    return new TemporalDeployment(await startDeployment(this.temporal, input, options));
  }
}
