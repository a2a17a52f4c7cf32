import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { TerminatedFailure, TimeoutFailure } from '@temporalio/common';
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
import { ask } from '../temporal/ask';
import { BadRequest, DeploymentLost, type EngineUnreachable } from '../temporal/errors';
import { endIfStuck, type Ending, type ResponseLimits } from '../temporal/responsiveness';
import { isPassing, translated } from '../temporal/temporal-errors';

const firstPollMs = 40;
const longestPollMs = 400;
const retryMs = 1000;

/** Nobody answers for now: since when, and what to do about it. */
export interface Trouble {
  since: Date;
  error: EngineUnreachable;
}

export interface WatchOptions {
  signal?: AbortSignal;
  /** Told again and again while it lasts, and with nothing once it is over. What it throws ends the wait. */
  onTrouble?: (trouble: Trouble | undefined) => void;
}

const underWay: Progress['status'][] = [
  'queued',
  'planning',
  'pulling',
  'deploying',
  'waiting',
  'committing',
  'rolling_back',
];

/** True once a deployment has come to its end, whichever that is. */
export function isOver({ status }: Pick<Progress, 'status'>): boolean {
  return !underWay.includes(status);
}

/** One deployment, running or ended. */
export class DeploymentHandle {
  constructor(private readonly workflow: WorkflowHandle<() => Promise<DeploymentResult>>) {}

  /** The environment that it is about. @throws NameProblem where its id is not that of a deployment */
  get place(): Place {
    return placeOfDeployment(this.id);
  }

  /** Its workflow id. */
  get id(): string {
    return this.workflow.workflowId;
  }

  /**
   * Resolves when it has ended, however it ended. Without a Temporal server it waits until that is back.
   * @throws DeploymentLost when it was ended from outside the engine
   */
  async result({ signal, onTrouble }: WatchOptions = {}): Promise<DeploymentResult> {
    try {
      return await this.patiently(() => this.workflow.result(), signal, onTrouble);
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
   * Its status and everything that happened after an event, by the event's number. @throws NoWorker where no worker
   * answers
   */
  progress(since = 0): Promise<Progress> {
    return ask(this.workflow.client, () => this.workflow.query(progressQuery, since));
  }

  /**
   * Progress as it happens, until the deployment ends or the signal aborts. Each page holds the events after the last
   * one's. While no worker or no Temporal server is there it goes on trying.
   */
  async *watch(signal?: AbortSignal, onTrouble?: WatchOptions['onTrouble']): AsyncGenerator<Progress> {
    let plan: Progress['plan'];
    for (let seen = 0, delay = firstPollMs; !signal?.aborted;) {
      const page = await this.patiently(
        async () => {
          const closed = delay >= longestPollMs && !(await this.isOpen());
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
      delay = progress.events.length > 0 ? firstPollMs : Math.min(delay * 1.5, longestPollMs);
      await sleep(delay, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Tries again while no worker, or no Temporal server, is there. The deployment lives on meanwhile. */
  private async patiently<T>(
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

  /** A deployment that was terminated reports nothing any more. */
  private async isOpen(): Promise<boolean> {
    return (await this.workflow.describe()).status.name === 'RUNNING';
  }

  /** Cancels it: what it has begun is rolled back. Running jobs finish first unless they are to be killed. */
  cancel(by: string, options: { killJobs?: boolean } = {}): Promise<void> {
    return this.workflow.signal(cancelSignal, { by, killJobs: options.killJobs ?? false });
  }

  /**
   * Cancels it, and terminates it where it cannot take that in: its workflow tasks fail, or the build that it runs on
   * is gone. Then nothing was rolled back; the next deployment of its environment puts back what it left.
   */
  async end(by: string, options: { killJobs?: boolean; responseLimits?: ResponseLimits } = {}): Promise<Ending> {
    if (!(await this.isOpen())) return 'over';
    await this.cancel(by, options);
    return endIfStuck(this.workflow, by, options.responseLimits);
  }

  /**
   * Approves, rejects, promotes, pauses, resumes, aborts or retries it. @throws BadRequest where there is nothing to do
   * that to
   */
  steer(steer: Steer): Promise<void> {
    return this.unlessRejected(() => this.workflow.executeUpdate(steerUpdate, { args: [steer] }));
  }

  /**
   * Gives a deployment that has failed and waits services as they shall be; it goes on. @throws BadRequest where that
   * cannot be
   */
  amend(amendment: Amendment): Promise<void> {
    return this.unlessRejected(() => this.workflow.executeUpdate(amendUpdate, { args: [amendment] }));
  }

  private async unlessRejected(update: () => Promise<void>): Promise<void> {
    try {
      await update();
    } catch (error) {
      if (!(await this.isOpen())) throw new BadRequest('it has ended');
      if (error instanceof WorkflowUpdateFailedError)
        throw new BadRequest(error.cause?.message ?? error.message, { cause: error });
      throw error;
    }
  }

  /** Answers the question that it waits with. */
  answer(question: string, answer: string, by: string): Promise<void> {
    return this.workflow.signal(answerSignal, { question, answer, by });
  }
}

/**
 * A call that the signal ends. The SDK listens to a signal for as long as that lives, so each call gets one of its own.
 */
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
