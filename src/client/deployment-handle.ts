import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { amendUpdate, answerSignal, cancelSignal, progressQuery, steerUpdate, type Amendment, type DeploymentResult, type Progress, type Steer } from '../workflows/messages';
import { BadRequest, DeploymentLost } from './errors';

const firstPollMs = 40;
const longestPollMs = 400;

const underWay: Progress['status'][] = ['queued', 'planning', 'pulling', 'deploying', 'waiting', 'committing', 'rolling_back'];

/** True once a deployment has come to its end, whichever that is. */
export function isOver({ status }: Pick<Progress, 'status'>): boolean {
  return !underWay.includes(status);
}

/** One deployment, running or ended. */
export class DeploymentHandle {
  constructor(private readonly workflow: WorkflowHandle<() => Promise<DeploymentResult>>) {}

  /** Its workflow id. */
  get id(): string {
    return this.workflow.workflowId;
  }

  /** Resolves when it has ended, however it ended. @throws DeploymentLost when it was ended from outside the engine */
  async result(): Promise<DeploymentResult> {
    try {
      return await this.workflow.result();
    } catch (error) {
      if (error instanceof WorkflowFailedError && (error.cause instanceof TerminatedFailure || error.cause instanceof TimeoutFailure)) throw new DeploymentLost(this.id, { cause: error });
      throw error;
    }
  }

  /** Its status and everything that happened after an event, by the event's number. */
  progress(since = 0): Promise<Progress> {
    return this.workflow.query(progressQuery, since);
  }

  /** Progress as it happens, until the deployment ends or the signal aborts. Each page holds the events after the last one's. */
  async *watch(signal?: AbortSignal): AsyncGenerator<Progress> {
    let plan: Progress['plan'];
    for (let seen = 0, delay = firstPollMs; !signal?.aborted; ) {
      const closed = delay >= longestPollMs && !(await this.isOpen());
      const progress = await this.progress(seen);
      seen += progress.events.length;
      plan = progress.plan ?? plan;
      yield { ...progress, plan };
      if (closed || isOver(progress)) return;
      delay = progress.events.length > 0 ? firstPollMs : Math.min(delay * 1.5, longestPollMs);
      await sleep(delay, undefined, { signal }).catch(() => undefined);
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

  /** Approves, rejects, promotes, pauses, resumes, aborts or retries it. @throws BadRequest where there is nothing to do that to */
  steer(steer: Steer): Promise<void> {
    return this.unlessRejected(() => this.workflow.executeUpdate(steerUpdate, { args: [steer] }));
  }

  /** Gives a deployment that has failed and waits services as they shall be; it goes on. @throws BadRequest where that cannot be */
  amend(amendment: Amendment): Promise<void> {
    return this.unlessRejected(() => this.workflow.executeUpdate(amendUpdate, { args: [amendment] }));
  }

  private async unlessRejected(update: () => Promise<void>): Promise<void> {
    try {
      await update();
    } catch (error) {
      if (!(await this.isOpen())) throw new BadRequest('it has ended');
      if (error instanceof WorkflowUpdateFailedError) throw new BadRequest(error.cause?.message ?? error.message, { cause: error });
      throw error;
    }
  }

  /** Answers the question that it waits with. */
  answer(question: string, answer: string, by: string): Promise<void> {
    return this.workflow.signal(answerSignal, { question, answer, by });
  }
}
