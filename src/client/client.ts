import type { Client } from '@temporalio/client';
import type { Stack } from '../model/stack';
import { requireName } from '../model/names';
import { withImages } from '../model/stack/with-images';
import { longestAuthor, longestReason } from '../model/text';
import type { IntentKind } from '../model/deployment';
import type { SealingValues } from '../model/instance';
import { Access } from './access';
import { Registries } from './registries';
import { sealStack, withStored } from './secrets/seal';
import { StoredSecrets } from './secrets/stored';
import { signing } from './access/statements';
import {
  environmentId,
  freezeSignal,
  pauseWatchSignal,
  resumeWatchSignal,
  taskQueue,
  thawSignal,
  type DeploymentInput,
  type EnvironmentState,
  type Freeze,
  type Place,
  type WatchPause,
} from '../workflows/messages';
import { Builds } from '../temporal/builds';
import { connect, connectionSettings, type Connecting } from '../temporal/connection';
import { TemporalDeployment, type CancellationResponse, type DeploymentHandle } from './deployment-handle';
import { BadRequest } from '../temporal/errors';
import { actOf, orderOf, type OrderOptions } from './orders';
import { placeOf } from './place';
import { requireServer, requireTls, untilTaken } from './access/protection';
import { intentOf, startDeployment, type RequestOptions } from './request';
import { Schedules } from './schedules';
import { Reader } from './reader';
import type { StatementSigner } from '../guard/access/statement';
import type { ResponseLimits } from '../temporal/responsiveness';
import { settle } from './settle';
import { signalEnvironment } from '../temporal/signal-environment';
import { origin, userName } from './user';
import { lineOf, withinLimits } from './within-limits';

/** What an event of a trigger changes: images of services, or the commit that they are of. */
type SourceChange = Pick<DeploymentInput, 'images' | 'commit'>;

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
      trail: (place, last, known, before) => this.inspect({ kind: 'trail', place, last, known, before, taskQueue }),
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
