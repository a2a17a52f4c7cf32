import {
  ApplicationFailure,
  CancellationScope,
  patched,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { failureTypes, type FleetRules } from '../../activities/contract';
import { activity } from '../support/activity-options';
import { admit, admitSize } from '../support/admit';
import {
  amendUpdate,
  answerSignal,
  cancelSignal,
  goSignal,
  progressQuery,
  queuedSignal,
  searchAttributes,
  steerUpdate,
  turnedAwaySignal,
  type Amendment,
  type DeploymentInput,
  type DeploymentResult,
  type Go,
  type Progress,
} from '../messages';
import { listen } from '../support/listen';
import { isStage } from '../../model/deployment';
import { withImages } from '../../model/stack/with-images';
import { fits, tidied } from '../messages/shape';
import { inputs, shapes } from '../messages/shapes';
import { patches } from '../support/patches';
import { Reporter } from '../support/reporter';
import { areStatementsRequired, onRefusal } from '../support/statements';
import { recordRequest } from './report/audit';
import { ConfigReferences } from './steps/config-references';
import { EnvironmentLink } from './admission/environment-link';
import { toProblem } from './steps/failure';
import { HostClaims } from './admission/host-claims';
import { CertificateWishes } from './admission/certificate-wish';
import { RouteClaims } from './admission/route-claims';
import { FleetSlot } from './admission/fleet-slot';
import { ProgressLog } from './report/progress-log';
import { waitForTurn } from './admission/queue';
import { FailureDecision } from './people/failure-decision';
import { Questions } from './people/questions';
import { endAs, finishedEvent, markEnd, resultOf, startedEvent } from './report/result';
import { pruneReleases } from './stages/prune-releases';
import { DeploymentRun, type RunResult } from './run';
import { Steering } from './people/steering';

const temporalItself = 'the Temporal UI or CLI';

/**
 * One attempt to deploy a release: joins the environment's queue, waits for permission to start, deploys, then commits
 * or rolls back.
 */
export async function deployment(given: DeploymentInput): Promise<DeploymentResult> {
  const input = admit(given, inputs.deployment, 'deployment');
  if (input.intent.kind !== 'stop' && patched(patches.sizeLimits)) admitSize(input.stack);
  const attempt = new Deployment(input);
  CancellationScope.current().cancelRequested.catch(() => attempt.cancelByTemporal());
  return CancellationScope.nonCancellable(async () => {
    const result = await attempt.execute();
    await attempt.releaseClaims(result);
    await attempt.reporter.settled();
    await recordRequest(input, attempt.begin, result);
    return endAs(result, attempt.isEncrypted);
  });
}

/** The workflow's state and its handlers, around the run itself. */
class Deployment {
  readonly begin = Date.now();
  readonly reporter: Reporter;
  private readonly log: ProgressLog;
  private readonly link: EnvironmentLink;
  private go?: Go;
  private run?: DeploymentRun;
  /** Whether causes may stand in payloads only. */
  isEncrypted = false;
  private cancelledBy?: string;
  private turnedAway?: string;
  /** Who has turned it away: the queue, or what its environment demands. */
  private turnedAwayBy: 'queue' | 'security.auth' = 'queue';
  private readonly questions: Questions;
  readonly slot: FleetSlot;
  readonly claims: HostClaims;
  private readonly routes: RouteClaims;
  private readonly certificates: CertificateWishes;
  /** Of the stack it was started with, even if it follows another release later. */
  private readonly references: ConfigReferences;
  private readonly failureDecision: FailureDecision;
  private readonly steering: Steering;

  constructor(private input: DeploymentInput) {
    const { name: stack, environment, subscribers, configs } = input.stack;
    this.reporter = new Reporter({ stack, environment }, subscribers);
    this.log = new ProgressLog(this.reporter);
    this.questions = new Questions(this.log);
    this.slot = new FleetSlot(this.log);
    this.claims = new HostClaims(input.taskQueue);
    this.routes = new RouteClaims(input.taskQueue);
    this.certificates = new CertificateWishes(input.taskQueue);
    this.references = new ConfigReferences(configs);
    this.link = new EnvironmentLink(input);
    this.failureDecision = new FailureDecision(this.log);
    this.steering = new Steering(
      this.log,
      this.failureDecision,
      ({ by, reason }) => this.cancel(`${by}${reason ? `: ${reason}` : ''}`, false),
      input.stack.security?.fourEyes ? input.requestedBy : undefined,
    );
    onRefusal((name, why) => this.log.note(`${name} was ignored: ${why}`));
    setHandler(progressQuery, (since) => this.progress(since));
    listen(goSignal, shapes.go, (go) => void (this.go ??= go));
    listen(queuedSignal, shapes.queued, (queued) => this.log.wait(queued));
    listen(turnedAwaySignal, shapes.turnedAway, (why) => void (this.turnedAway ??= why));
    listen(cancelSignal, shapes.cancel, (order) => this.cancel(order?.by ?? temporalItself, order?.killJobs ?? false));
    setHandler(steerUpdate, (steer) => this.steering.take(tidied(steer, shapes.steer)), {
      validator: (steer) => this.steering.check(steer),
    });
    setHandler(amendUpdate, (amendment) => this.steering.amend(tidied(amendment, shapes.amendment)), {
      validator: (amendment) => this.checkAmendment(amendment),
    });
    listen(answerSignal, shapes.answer, ({ question, answer }) => this.questions.answer(question, answer));
  }

  private progress(since: number): Progress {
    const known = this.log.since(since);
    return isStage(known.status) ? { ...known, ...this.steering.available } : known;
  }

  cancel(by: string, killJobs: boolean): void {
    if (this.run?.committed) return this.log.note(`too late for ${by} to cancel: it has committed`);
    this.cancelledBy ??= by;
    this.steering.endPause(false);
    if (this.run)
      this.log.note(`cancelled by ${by}: rolling back; a running job ${killJobs ? 'is killed' : 'finishes first'}`);
    this.run?.stop({ step: 'cancel', message: `cancelled by ${by}` });
    if (killJobs) this.run?.interpreter.killJobs();
  }

  /** A cancellation by Temporal itself says nothing about who asked for it. */
  cancelByTemporal(): void {
    if (!areStatementsRequired()) return this.cancel(temporalItself, false);
    this.log.note('a cancellation by Temporal itself is ignored: this environment takes requests of its server only');
  }

  /** @throws ApplicationFailure with the reasons against it */
  private checkAmendment(amendment: Amendment): void {
    if (!fits(amendment, shapes.amendment))
      throw ApplicationFailure.nonRetryable('malformed amendment; use `deploy-code amend`', 'NothingToAmend');
    if (!this.run || !this.failureDecision.isAwaited)
      throw ApplicationFailure.nonRetryable(
        'the deployment does not wait after a failure; there is nothing to amend',
        'NothingToAmend',
      );
    if (this.input.intent.kind !== 'deploy' || this.input.followsCurrent)
      throw ApplicationFailure.nonRetryable(
        'only the deployment of a stack file can be amended; use `retry` for this one',
        'NothingToAmend',
      );
    this.run.checkAmendment(amendment.services);
  }

  async execute(): Promise<DeploymentResult> {
    const isDecided = () => this.go !== undefined || this.cancelledBy !== undefined || this.turnedAway !== undefined;
    const rules = await waitForTurn(this.input, this.begin, isDecided).catch((error: unknown) => this.turnAway(error));
    const { maxParallel, encrypted, policed, seals = false } = rules;
    this.isEncrypted = encrypted ?? false;
    if (!this.go && this.turnedAway !== undefined)
      return this.finish({ outcome: 'refused', refusals: [{ path: this.turnedAwayBy, message: this.turnedAway }] });
    if (!this.go) {
      await this.link.leave();
      await this.returnTurn('cancelled');
      return this.finish({
        outcome: 'cancelled',
        refusals: [],
        cause: { step: 'queue', message: `cancelled by ${this.cancelledBy} while it waited` },
      });
    }
    this.log.deployment = this.go.deployment;
    if (maxParallel !== undefined) await this.takeSlot(maxParallel, this.go);
    if (this.go.past !== undefined) this.log.note(`begins by force: ${this.go.past}`);
    this.link.begin(this.go);
    this.log.report(startedEvent(this.input));
    const problem = await this.followCurrent(this.go);
    if (problem !== undefined) return this.endEarly(problem);
    upsertSearchAttributes([
      { key: searchAttributes.status, value: 'running' },
      { key: searchAttributes.number, value: this.go.deployment },
    ]);
    this.run = new DeploymentRun({
      input: this.input,
      go: this.go,
      log: this.log,
      link: this.link,
      ask: (text, answers) => this.questions.ask(text, answers),
      steering: this.steering,
      failureDecision: this.failureDecision,
      claims: this.claims,
      routes: this.routes,
      certificates: this.certificates,
      references: this.references,
      seals,
    });
    if (this.cancelledBy) this.cancel(this.cancelledBy, false);
    const result = await this.run.execute();
    const releases = await pruneReleases(this.run.context, this.run.compensation, result.outcome);
    const finished = this.finish(result);
    await this.link.finished({
      deployment: this.go.deployment,
      outcome: result.outcome,
      jobs: this.run.jobs,
      ...(result.outcome === 'succeeded' && {
        releaseJobs: this.run.releaseJobs,
        completed: this.run.rollout.completed,
      }),
      releases,
      ...(this.run.commit.schedules && { schedules: this.run.commit.schedules }),
      ...(result.outcome === 'succeeded' &&
        this.input.intent.kind !== 'stop' && {
          ...this.run.stackRecord,
          statements: policed === true || this.input.stack.security?.auth === true,
        }),
    });
    return finished;
  }

  /** The engine does not take the request. @throws the error, if it is another one */
  private turnAway(error: unknown): FleetRules {
    const { type, message } = toProblem(error);
    if (type !== failureTypes.software) throw error;
    this.turnedAway = message;
    this.turnedAwayBy = 'security.auth';
    return {};
  }

  /** Releases its routes, its host claims and its slot for other deployments. */
  async releaseClaims({ outcome }: DeploymentResult): Promise<void> {
    await this.routes.restore(this.input.stack);
    if (this.run) await this.claims.release(this.input.stack, outcome === 'succeeded', this.run.lost);
    await this.slot.giveBack();
  }

  /** Sets the number first, so that the deployment can be found and cancelled while it waits. */
  private async takeSlot(limit: number, { deployment }: Go): Promise<void> {
    upsertSearchAttributes([{ key: searchAttributes.number, value: deployment }]);
    await this.slot.take(limit, this.input.taskQueue, () => this.cancelledBy !== undefined);
  }

  /** Returns an unused permission to start, which may also have arrived while it left the queue. */
  private async returnTurn(outcome: 'cancelled' | 'refused'): Promise<void> {
    if (this.go)
      await this.link.finished({ deployment: this.go.deployment, outcome, jobs: [], releases: this.go.releases });
  }

  /** Switches to the release that is current by now. Resolves with the reason if that is impossible. */
  private async followCurrent({ release }: Go): Promise<string | undefined> {
    const { input } = this;
    const place = { stack: input.stack.name, environment: input.stack.environment };
    if (input.insteadOf !== undefined && input.insteadOf !== release.from)
      return `release ${input.insteadOf}, which it should replace, is no longer current`;
    if (!input.followsCurrent) return undefined;
    if (release.from === undefined) return `nothing is deployed in ${place.stack}/${place.environment} any more`;
    if (input.target === release.from) return undefined;
    const read = activity('readRelease', input.taskQueue, `read release ${release.from}`)(place, release.from);
    const kept = await read.catch((error: Error) => toProblem(error).message);
    if (typeof kept === 'string') return kept;
    const missing = Object.keys(input.images ?? {}).find((name) => !Object.hasOwn(kept.stack.services, name));
    if (missing !== undefined) return `release ${release.from} has no service "${missing}", which should get an image`;
    this.input = {
      ...input,
      stack: withImages(kept.stack, input.images),
      ...(input.target !== undefined && { pinned: input.intent.fresh ? {} : kept.images, target: release.from }),
    };
    return undefined;
  }

  private async endEarly(why: string): Promise<DeploymentResult> {
    const finished = this.finish({ outcome: 'refused', refusals: [{ path: 'release', message: why }] });
    await this.returnTurn('refused');
    return finished;
  }

  private finish(ended: RunResult): DeploymentResult {
    const { run, go, input, begin, log } = this;
    const { cause, refusals } = ended;
    const result = resultOf(ended, { input, begin, go, run, steering: this.steering.records });
    log.cause ??= cause ?? (refusals[0] && { step: 'plan', message: `${refusals[0].path}: ${refusals[0].message}` });
    log.become(result.outcome);
    markEnd(result);
    if (go) log.report(finishedEvent(result, input));
    return result;
  }
}
