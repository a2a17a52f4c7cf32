import {
  ApplicationFailure,
  CancellationScope,
  patched,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Asked } from '../../plan/asked';
import { acts, servicesOf } from '../../plan/plan';
import { activity } from '../support/activity-options';
import { admit, admitSize } from '../support/admit';
import { events } from '../support/events';
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
} from '../messages';
import { hostsOf, oneByOne, type HostQueue } from '../hosts';
import { listen } from '../support/listen';
import { fits, tidied } from '../messages/shape';
import { inputs, shapes } from '../messages/shapes';
import { patches } from '../support/patches';
import { contextOf, namespaceIn } from '../support/step-context';
import { Publisher } from '../support/publisher';
import { waitUntil } from '../support/serialised-events';
import { recordRequest } from './report/audit';
import { ConfigReferences } from './steps/config-references';
import { EnvironmentLink } from './admission/environment-link';
import { toProblem } from './steps/failure';
import { HostClaims } from './admission/host-claims';
import { FleetSlot } from './admission/fleet-slot';
import { tellBegin, tellEnd } from './report/news';
import { ProgressLog } from './report/progress-log';
import { FailureDecision } from './people/failure-decision';
import { DeploymentRun, type RunResult } from './run';
import { Steering } from './people/steering';

const firstRejoinMs = 60_000;
const longestRejoinMs = 1_800_000;
const temporalItself = 'the Temporal UI or CLI';

/**
 * One attempt to bring a release about. Joins the environment's queue, waits for its word, deploys, commits or rolls
 * back.
 */
export async function deployment(given: DeploymentInput): Promise<DeploymentResult> {
  const input = admit(given, inputs.deployment, 'deployment');
  if (input.intent.kind !== 'stop' && patched(patches.sizeLimits)) admitSize(input.stack);
  const conduct = new Deployment(input);
  CancellationScope.current().cancelRequested.catch(() => conduct.cancel(temporalItself, false));
  return CancellationScope.nonCancellable(async () => {
    const result = await conduct.conduct();
    await conduct.letGo(result);
    await conduct.publisher.settled();
    await recordRequest(input, conduct.begin, result);
    return result;
  });
}

/** The workflow's state and its handlers, around the run itself. */
class Deployment {
  readonly begin = Date.now();
  private readonly log = new ProgressLog();
  readonly publisher: Publisher;
  private readonly link: EnvironmentLink;
  private go?: Go;
  private run?: DeploymentRun;
  private cancelledBy?: string;
  private turnedAway?: string;
  private answer?: string;
  private questions = 0;
  private asking: Promise<unknown> = Promise.resolve();
  readonly slot = new FleetSlot(this.log);
  readonly claims: HostClaims;
  private maxParallel?: number;
  /** Of what it was started with, whichever release it comes to be about. */
  private readonly references: ConfigReferences;
  private readonly failureDecision = new FailureDecision(this.log);
  private readonly steering = new Steering(this.log, this.failureDecision, ({ by, reason }) =>
    this.cancel(`${by}${reason ? `: ${reason}` : ''}`, false),
  );

  constructor(private input: DeploymentInput) {
    this.references = new ConfigReferences(input.stack.configs);
    this.link = new EnvironmentLink(input);
    this.claims = new HostClaims(input.taskQueue);
    this.publisher = new Publisher(
      { stack: input.stack.name, environment: input.stack.environment },
      input.stack.subscribers,
    );
    setHandler(progressQuery, (since) => this.log.since(since));
    listen(goSignal, shapes.go, (go) => void (this.go ??= go));
    listen(queuedSignal, shapes.queued, (waitingSteps) => this.log.wait(waitingSteps));
    listen(turnedAwaySignal, shapes.turnedAway, (why) => void (this.turnedAway ??= why));
    listen(cancelSignal, shapes.cancel, (order) => this.cancel(order?.by ?? temporalItself, order?.killJobs ?? false));
    setHandler(steerUpdate, (steer) => this.steering.take(tidied(steer, shapes.steer)), {
      validator: (steer) => this.steering.check(steer),
    });
    setHandler(amendUpdate, (amendment) => this.steering.amend(tidied(amendment, shapes.amendment)), {
      validator: (amendment) => this.checkAmendment(amendment),
    });
    listen(answerSignal, shapes.answer, ({ question, answer }) => {
      if (question === this.log.question?.id && this.log.question.answers.includes(answer)) this.answer = answer;
    });
  }

  cancel(by: string, killJobs: boolean): void {
    if (this.run?.committed) return this.log.note(`too late for ${by} to cancel: it has committed`);
    this.cancelledBy ??= by;
    this.steering.letGo(false);
    if (this.run)
      this.log.note(
        `cancelled by ${by}: what has begun is rolled back; a running job ${killJobs ? 'is ended' : 'finishes first'}`,
      );
    this.run?.stop({ step: 'cancel', message: `cancelled by ${by}` });
    if (killJobs) this.run?.interpreter.killJobs();
  }

  /** @throws ApplicationFailure with everything that speaks against it */
  private checkAmendment(amendment: Amendment): void {
    if (!fits(amendment, shapes.amendment))
      throw ApplicationFailure.nonRetryable('that is no amendment; `deploy-code amend` makes one', 'NothingToAmend');
    if (!this.run || !this.failureDecision.isAwaited)
      throw ApplicationFailure.nonRetryable('it has not failed: nothing waits to be amended', 'NothingToAmend');
    if (this.input.intent.kind !== 'deploy' || this.input.followsCurrent)
      throw ApplicationFailure.nonRetryable(
        'only the deployment of a stack file can be amended; `retry` tries this one again',
        'NothingToAmend',
      );
    this.run.amended(amendment.services);
  }

  async conduct(): Promise<DeploymentResult> {
    await this.waitForTurn();
    if (!this.go && this.turnedAway !== undefined)
      return this.finish({ outcome: 'refused', refusals: [{ path: 'queue', message: this.turnedAway }] });
    if (!this.go) {
      await this.link.leave();
      await this.handBack('cancelled');
      return this.finish({
        outcome: 'cancelled',
        refusals: [],
        cause: { step: 'queue', message: `cancelled by ${this.cancelledBy} while it waited` },
      });
    }
    this.log.deployment = this.go.deployment;
    if (this.maxParallel !== undefined) await this.takeSlot(this.maxParallel, this.go);
    if (this.go.past !== undefined) this.log.note(`begins by force: ${this.go.past}`);
    this.link.begin(this.go);
    tellBegin(this.publisher, this.go.deployment, this.input);
    const gone = await this.followCurrent(this.go);
    if (gone !== undefined) return this.endEarly(gone);
    upsertSearchAttributes([
      { key: searchAttributes.status, value: 'running' },
      { key: searchAttributes.number, value: this.go.deployment },
    ]);
    this.run = new DeploymentRun({
      input: this.input,
      go: this.go,
      log: this.log,
      link: this.link,
      ask: (text, answers) => this.ask(text, answers),
      steering: this.steering,
      failureDecision: this.failureDecision,
      claims: this.claims,
      publisher: this.publisher,
      references: this.references,
    });
    if (this.cancelledBy) this.cancel(this.cancelledBy, false);
    const result = await this.run.execute();
    const releases = await this.prune(result);
    const finished = this.finish(result);
    await this.link.finished({
      deployment: this.go.deployment,
      outcome: result.outcome,
      jobs: this.run.jobs,
      releases,
      ...(this.run.commit.schedules && { schedules: this.run.commit.schedules }),
      ...(result.outcome === 'succeeded' && this.input.intent.kind !== 'stop' && this.run.said),
    });
    return finished;
  }

  /** What others may have wanted. */
  async letGo({ outcome }: DeploymentResult): Promise<void> {
    if (this.run) await this.claims.release(this.input.stack, outcome === 'succeeded', this.run.lost);
    await this.slot.giveBack();
  }

  /** It has its number while it waits: by that it is found, and cancelled. */
  private async takeSlot(limit: number, { deployment }: Go): Promise<void> {
    upsertSearchAttributes([{ key: searchAttributes.number, value: deployment }]);
    await this.slot.take(limit, this.input.taskQueue, () => this.cancelledBy !== undefined);
  }

  /** Returns a word that nothing was done with; one may have come also while it left the queue. */
  private async handBack(outcome: 'cancelled' | 'refused'): Promise<void> {
    if (this.go)
      await this.link.finished({ deployment: this.go.deployment, outcome, jobs: [], releases: this.go.releases });
  }

  /** What waited for its turn is about the release that is current by now. Resolves with why it cannot be. */
  private async followCurrent({ release }: Go): Promise<string | undefined> {
    const { input } = this;
    const place = { stack: input.stack.name, environment: input.stack.environment };
    if (input.insteadOf !== undefined && input.insteadOf !== release.from)
      return `release ${input.insteadOf}, which it was to do away with, is not current any more`;
    if (!input.followsCurrent) return undefined;
    if (release.from === undefined) return `nothing is deployed in ${place.stack}/${place.environment} any more`;
    if (input.target === release.from) return undefined;
    const read = activity('readRelease', input.taskQueue, `read release ${release.from}`)(place, release.from);
    const kept = await read.catch((error: Error) => toProblem(error).message);
    if (typeof kept === 'string') return kept;
    this.input = {
      ...input,
      stack: kept.stack,
      ...(input.target !== undefined && { pinned: input.intent.fresh ? {} : kept.images, target: release.from }),
    };
    return undefined;
  }

  private async endEarly(why: string): Promise<DeploymentResult> {
    const finished = this.finish({ outcome: 'refused', refusals: [{ path: 'release', message: why }] });
    await this.handBack('refused');
    return finished;
  }

  /** Joining again is harmless, and an environment that was lost in the meantime learns of this deployment. */
  private async waitForTurn(): Promise<void> {
    const { stack, taskQueue } = this.input;
    const ready = () => this.go !== undefined || this.cancelledBy !== undefined || this.turnedAway !== undefined;
    for (let patience = firstRejoinMs; ; patience = Math.min(patience * 2, longestRejoinMs)) {
      const rules = await activity(
        'joinEnvironment',
        taskQueue,
        `join the queue of ${stack.name}/${stack.environment}`,
      )({
        stack: stack.name,
        environment: stack.environment,
        runtime: stack.runtime,
        ...(stack.hosts && { hosts: stack.hosts.map(({ name }) => name) }),
        ...namespaceIn(stack),
        workflowId: workflowInfo().workflowId,
        asked: this.asked(),
        windows: stack.deployment.freezeWindows ?? [],
      });
      this.maxParallel = rules?.maxParallel;
      if (await waitUntil(ready, patience, 'join again if not called')) return;
    }
  }

  private asked(): Asked {
    const { stack, intent, requestedBy, reason, whenBusy = 'queue', automatic = false } = this.input;
    const { circuitBreaker = { threshold: 0, recoveryMs: 0 } } = stack.deployment;
    return {
      by: requestedBy,
      ...(reason !== undefined && { reason }),
      intent: intent.kind,
      at: this.begin,
      whenBusy,
      force: intent.force,
      automatic,
      breaker: circuitBreaker,
    };
  }

  /** One question at a time: an answer belongs to the one that is shown. */
  private ask(text: string, answers: string[]): Promise<string> {
    const asked = this.asking.then(() => this.askAlone(text, answers));
    this.asking = asked.catch(() => undefined);
    return asked;
  }

  private async askAlone(text: string, answers: string[]): Promise<string> {
    const before = this.log.status;
    this.questions += 1;
    this.answer = undefined;
    this.log.question = { id: `q${this.questions}`, text, answers };
    this.log.becomeFound('waiting');
    this.log.note(text);
    this.publisher.publish('deployment.waiting', this.go!.deployment, text, { answers });
    try {
      await waitUntil(() => this.answer !== undefined);
      this.log.note(`answered: ${this.answer}`);
      return this.answer!;
    } finally {
      this.log.question = undefined;
      this.log.becomeFound(before);
    }
  }

  /** Keeps the last releases, and always the current one. */
  private async prune({ outcome }: RunResult): Promise<number[]> {
    const { releases, release } = this.go!;
    const { stack, intent, taskQueue, target } = this.input;
    if (outcome !== 'succeeded' || intent.kind !== 'deploy') return releases;
    const current = target ?? release.next;
    const all = [...new Set([...releases, current])].sort((a, b) => a - b);
    const drop = all
      .slice(0, Math.max(0, all.length - stack.deployment.keepReleases))
      .filter((each) => each !== current);
    const keep = all.filter((each) => !drop.includes(each));
    if (drop.length > 0) {
      const hosts = hostsOf(stack, taskQueue);
      const prune = ({ taskQueue: queue }: HostQueue) =>
        this.run!.context.withPlatformRetry(queue, () =>
          activity('pruneReleases', queue, `remove the releases ${drop.join(', ')}`)(
            contextOf(stack, this.go!.deployment),
            drop,
            keep,
            queue === hosts.at(-1)!.taskQueue,
          ),
        );
      await oneByOne(hosts, prune).catch((error: Error) =>
        this.run!.compensation.leftBehind.push(`releases ${drop.join(', ')}: ${error.message}`),
      );
    }
    return keep;
  }

  private finish({ outcome, cause, refusals, rollbackMs }: RunResult): DeploymentResult {
    const { run, go, input } = this;
    const result: DeploymentResult = {
      outcome,
      cause,
      refusals,
      rollbackMs,
      intent: input.intent.kind,
      requestedBy: input.requestedBy,
      reason: input.reason,
      deployment: go?.deployment,
      release:
        outcome === 'succeeded' ? (input.intent.kind === 'stop' ? undefined : run?.plan?.release.to) : go?.release.from,
      warnings: run?.plan?.warnings ?? [],
      tolerated: run?.rollout.tolerated ?? [],
      notUndone: run?.rollback.notUndone ?? [],
      leftBehind: run?.compensation.leftBehind ?? [],
      ...(go?.past !== undefined && { forcedPast: go.past }),
      ...(this.steering.records.length > 0 && { steering: this.steering.records }),
      changed: servicesOf(run?.plan?.phases ?? [])
        .filter(acts)
        .map(({ name }) => name),
      durationMs: Date.now() - this.begin,
    };
    this.log.cause ??=
      cause ?? (refusals[0] && { step: 'plan', message: `${refusals[0].path}: ${refusals[0].message}` });
    this.log.become(outcome);
    this.markEnd(result);
    if (go)
      events.emit({
        stack: input.stack.name,
        environment: input.stack.environment,
        deployment: go.deployment,
        type: 'deployment.finished',
        intent: input.intent.kind,
        outcome,
        durationMs: result.durationMs,
        message: cause?.message,
      });
    tellEnd(this.publisher, result);
    return result;
  }

  /** By these it is found, also one that ended before it began anything. */
  private markEnd({ outcome, deployment, release }: DeploymentResult): void {
    upsertSearchAttributes([
      { key: searchAttributes.status, value: outcome },
      ...(deployment === undefined ? [] : [{ key: searchAttributes.number, value: deployment }]),
      ...(release === undefined ? [] : [{ key: searchAttributes.release, value: release }]),
    ]);
  }
}
