import { randomUUID } from 'node:crypto';
import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import type { QueryDefinition, UpdateDefinition } from '@temporalio/common';
import { taskQueue } from '../workflows/messages';
import { answerWithinMs, ask } from './ask';
import { BadRequest } from './errors';
import { findWorker } from './find-worker';
import { ifRunning, unlessMissing } from './unless-missing';

/** An audit trail that cannot be written refuses a change within two minutes. */
const changeMs = 150_000;

/** A workflow that keeps something for a whole installation: it starts with the first thing to keep. */
export class InstallationWorkflow {
  /** `type` is the name of the workflow, `summary` what Temporal's UI shows. */
  constructor(
    private readonly temporal: Client,
    private readonly id: string,
    private readonly type: string,
    private readonly summary: string,
  ) {}

  get handle(): WorkflowHandle {
    return this.temporal.workflow.getHandle(this.id);
  }

  /** The answer to a query; undefined if nothing is kept. @throws GrpcServiceError soon if Temporal does not answer */
  async read<T, A extends unknown[]>(query: QueryDefinition<T, A>, ...args: A): Promise<T | undefined> {
    return this.temporal.withDeadline(Date.now() + answerWithinMs, async () => {
      await findWorker(this.temporal);
      return ifRunning(this.handle, () => ask(this.temporal, () => this.handle.query<T, A>(query, ...args)));
    });
  }

  /** An update that starts the workflow if it does not run. @throws BadRequest if it is refused */
  async store<T, M>(update: UpdateDefinition<T, [M]>, message: M): Promise<T> {
    await findWorker(this.temporal);
    return unlessRefused(async () => {
      const started = await ask(this.temporal, () =>
        this.temporal.workflow.startUpdateWithStart<() => Promise<void>, T, [M]>(update, {
          args: [message],
          updateId: randomUUID(),
          waitForStage: 'ACCEPTED',
          startWorkflowOperation: this.starting(),
        }),
      );
      return this.temporal.withDeadline(Date.now() + changeMs, () => started.result());
    });
  }

  /** An update of what is kept; undefined if nothing is. @throws BadRequest if it is refused */
  async change<T, M>(update: UpdateDefinition<T, [M]>, message: M): Promise<T | undefined> {
    await findWorker(this.temporal);
    return unlessRefused(() =>
      unlessMissing(() =>
        this.temporal.withDeadline(Date.now() + changeMs, () =>
          this.handle.executeUpdate<T, [M]>(update, { args: [message], updateId: randomUUID() }),
        ),
      ),
    );
  }

  private starting(): WithStartWorkflowOperation<() => Promise<void>> {
    return new WithStartWorkflowOperation(this.type, {
      workflowId: this.id,
      taskQueue,
      args: [],
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: this.summary,
    });
  }
}

async function unlessRefused<T>(update: () => Promise<T>): Promise<T> {
  try {
    return await update();
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new BadRequest(error.cause?.message ?? error.message, { cause: error });
    throw error;
  }
}
