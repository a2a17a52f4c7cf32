import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { isStage } from '../model/deployment';
import { placeOfDeployment } from '../model/names';
import {
  amendUpdate,
  answerSignal,
  cancelSignal,
  progressQuery,
  steerUpdate,
  type Amendment,
  type DeploymentResult,
  type Progress,
  type Steer,
  type Place,
} from '../workflows/messages';
import { answerWithinMs, ask } from '../temporal/ask';
import { BadRequest, DeploymentLost, type EngineUnreachable } from '../temporal/errors';
import { endIfStuck, type Ending, type ResponseLimits } from '../temporal/responsiveness';
import { resultOf } from './history/result-of';
import { isPassing, translated } from '../temporal/temporal-errors';
import { unlessMissing } from '../temporal/unless-missing';

const firstPollMs = 40;
const longestPollMs = 400;
/** After this time without an event, it asks Temporal too whether the deployment has ended. */
const quietEnoughMs = 400;
const retryMs = 1000;

/** An outage: the worker or the Temporal server does not answer. The error has advice. */
export interface Trouble {
  since: Date;
  error: EngineUnreachable;
}

export interface WatchOptions {
  signal?: AbortSignal;
  /** Called repeatedly during an outage, and with undefined once it is over. If it throws, the wait ends. */
  onTrouble?: (trouble: Trouble | undefined) => void;
}

/**
 * The effect of a cancellation. `over`: the deployment had already ended. `ended`: it has ended since, and its result
 * says whether it was cancelled in time.
 */
export type CancellationResponse = Ending | 'ended';

/** True once a deployment has ended, with any outcome. */
export function isOver({ status }: Pick<Progress, 'status'>): boolean {
  return !isStage(status);
}

/** One deployment, running or ended. */
export type DeploymentHandle = Pick<TemporalDeployment, keyof TemporalDeployment>;

/** A deployment of which Temporal is asked. */
export class TemporalDeployment {
  constructor(private readonly workflow: WorkflowHandle<() => Promise<DeploymentResult>>) {}

  /** The environment of the deployment. @throws NameProblem if the ID is not that of a deployment */
  get place(): Place {
    return placeOfDeployment(this.id);
  }

  /** The workflow ID. */
  get id(): string {
    return this.workflow.workflowId;
  }

  /**
   * Resolves when the deployment has ended, with any outcome. During an outage of the Temporal server it keeps waiting.
   * @throws DeploymentLost if the workflow was terminated or timed out
   */
  async result({ signal, onTrouble }: WatchOptions = {}): Promise<DeploymentResult> {
    try {
      return await this.withRetry(() => resultOf(this.workflow), signal, onTrouble);
    } catch (error) {
      if (
        error instanceof WorkflowFailedError &&
        (error.cause instanceof TerminatedFailure || error.cause instanceof TimeoutFailure)
      )
        throw new DeploymentLost(this.id, { cause: error });
      throw error;
    }
  }

  /**
   * The status, and the events with a higher number than `since`.
   * @throws NoWorker if no worker answers
   */
  progress(since = 0): Promise<Progress> {
    return ask(this.workflow.client, () => this.workflow.query(progressQuery, since));
  }

  /**
   * Yields progress until the deployment ends or the signal aborts. Each page has the events since the previous page.
   * During an outage of the worker or the Temporal server it keeps trying. `pollMs`: the longest time between looks.
   */
  async *watch(
    signal?: AbortSignal,
    onTrouble?: WatchOptions['onTrouble'],
    pollMs = longestPollMs,
  ): AsyncGenerator<Progress> {
    let plan: Progress['plan'];
    for (let seen = 0, delay = firstPollMs, quietMs = 0; !signal?.aborted;) {
      const page = await this.withRetry(
        async () => {
          const closed = quietMs >= quietEnoughMs && !(await this.isOpen());
          if (quietMs >= quietEnoughMs) quietMs = 0;
          return { closed, progress: await this.progress(seen) };
        },
        signal,
        onTrouble,
      ).catch((error: unknown) => {
        if (!signal?.aborted) throw error;
      });
      if (!page) return;
      const { closed, progress } = page;
      seen += progress.events.length;
      plan = progress.plan ?? plan;
      yield { ...progress, plan };
      if (closed || isOver(progress)) return;
      delay = progress.events.length > 0 ? firstPollMs : Math.min(delay * 1.5, pollMs);
      quietMs = progress.events.length > 0 ? 0 : quietMs + delay;
      await sleep(delay, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Retries a call during an outage of the worker or the Temporal server. */
  private async withRetry<T>(
    call: () => Promise<T>,
    signal: AbortSignal | undefined,
    onTrouble?: WatchOptions['onTrouble'],
  ): Promise<T> {
    const { client } = this.workflow;
    for (let since: Date | undefined; ;) {
      try {
        const answer = await abortable(client, signal, call);
        if (since) onTrouble?.(undefined);
        return answer;
      } catch (error) {
        if (signal?.aborted || !isPassing(error)) throw error;
        since ??= new Date();
        onTrouble?.({ since, error: translated(error) as EngineUnreachable });
        await sleep(retryMs, undefined, { signal });
      }
    }
  }

  /** Needed because a terminated deployment still reports its last status. */
  private async isOpen(): Promise<boolean> {
    return (await this.workflow.describe()).status.name === 'RUNNING';
  }

  /** Cancels the deployment, which rolls back. Running jobs finish first, unless `killJobs` is set. */
  cancel(by: string, options: { killJobs?: boolean } = {}): Promise<void> {
    return this.workflow.signal(cancelSignal, { by, killJobs: options.killJobs ?? false });
  }

  /**
   * Cancels the deployment, and terminates it if it is stuck: its workflow tasks fail, or no worker runs its build. A
   * terminated deployment does not roll back; the next deployment of the environment undoes its unfinished changes.
   */
  async end(
    by: string,
    options: { killJobs?: boolean; responseLimits?: ResponseLimits } = {},
  ): Promise<CancellationResponse> {
    if (!(await this.isOpen())) return 'over';
    const isSent = await unlessMissing(() => this.cancel(by, options).then(() => true));
    if (!isSent) return 'over';
    const ending = await endIfStuck(this.workflow, by, options.responseLimits);
    return ending === 'over' ? 'ended' : ending;
  }

  /**
   * Approves, rejects, promotes, pauses, resumes, aborts or retries it. With a `requestId` that was used before, it
   * does nothing more.
   * @throws BadRequest if that is impossible
   */
  steer(steer: Steer, requestId?: string): Promise<void> {
    return this.unlessRejected(
      (updateId) => this.workflow.executeUpdate(steerUpdate, { args: [steer], updateId }),
      requestId,
    );
  }

  /**
   * Gives a deployment that waits after a failure new definitions of services, and continues it. With a `requestId`
   * that was used before, it does nothing more.
   * @throws BadRequest if that is impossible
   */
  amend(amendment: Amendment, requestId?: string): Promise<void> {
    return this.unlessRejected(
      (updateId) => this.workflow.executeUpdate(amendUpdate, { args: [amendment], updateId }),
      requestId,
    );
  }

  private async unlessRejected(update: (id: string) => Promise<void>, requestId?: string): Promise<void> {
    try {
      await update(requestId ?? randomUUID());
    } catch (error) {
      if (!(await this.isOpen())) {
        if (requestId !== undefined && (await this.hasUpdated(requestId))) return;
        throw new BadRequest('the deployment has ended');
      }
      if (error instanceof WorkflowUpdateFailedError)
        throw new BadRequest(error.cause?.message ?? error.message, { cause: error });
      throw error;
    }
  }

  /** True if an ended deployment has performed an update. */
  private hasUpdated(id: string): Promise<boolean> {
    const performed = () => this.workflow.getUpdateHandle(id).result();
    return this.workflow.client.withDeadline(Date.now() + answerWithinMs, performed).then(
      () => true,
      () => false,
    );
  }

  /** Answers the question that the deployment waits for, by the ID of the question. */
  answer(question: string, answer: string, by: string): Promise<void> {
    return this.workflow.signal(answerSignal, { question, answer, by });
  }
}

/** Makes a call abortable. The SDK never removes its listener from a signal, so each call gets a signal of its own. */
async function abortable<T>(
  client: WorkflowHandle['client'],
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  if (!signal) return call();
  const own = new AbortController();
  const forward = () => own.abort();
  signal.addEventListener('abort', forward, { once: true });
  try {
    return await client.withAbortSignal(own.signal, call);
  } finally {
    signal.removeEventListener('abort', forward);
  }
}
