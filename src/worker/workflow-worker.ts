import { Worker as Thread } from 'node:worker_threads';
import type { Logger } from '@temporalio/common';
import { type CompiledWorkerOptions, Worker } from '@temporalio/worker';
import type { WorkflowCreator } from '@temporalio/worker/lib/workflow/interface';
import {
  ThreadedVMWorkflowCreator,
  type ThreadedVMWorkflowCreatorOptions,
  WorkerThreadClient,
} from '@temporalio/worker/lib/workflow/threaded-vm';

/**
 * A Temporal worker whose workflow threads do not record the stack of every promise. The SDK records them for its
 * `__stack_trace` query only, and spends most of a workflow thread's time on it
 * (docs/decisions/0015-workflow-threads-record-no-stacks.md).
 */
export class WorkflowWorker extends Worker {
  protected static override async createWorkflowCreator(
    workflowBundle: ThreadedVMWorkflowCreatorOptions['workflowBundle'],
    options: CompiledWorkerOptions,
    logger: Logger,
  ): Promise<WorkflowCreator> {
    const {
      debugMode,
      isolateExecutionTimeoutMs,
      reuseV8Context,
      activities,
      workflowThreadPoolSize,
      patchActivationCallback,
    } = options;
    if (debugMode) return super.createWorkflowCreator(workflowBundle, options, logger);
    const clients = Array.from(
      { length: workflowThreadPoolSize },
      () => new WorkerThreadClient(new Thread(threadSource, { eval: true }), logger, patchActivationCallback),
    );
    const hasPatchActivationCallback = patchActivationCallback !== undefined;
    const registeredActivityNames = new Set(activities.keys());
    await Promise.all(
      clients.map((client) =>
        client.send({
          type: 'init',
          workflowBundle,
          isolateExecutionTimeoutMs,
          reuseV8Context,
          registeredActivityNames,
          hasPatchActivationCallback,
        }),
      ),
    );
    return new ThreadedVMWorkflowCreator(clients);
  }
}

/** The SDK's own thread, without its promise hook. It is source text because a thread cannot load TypeScript. */
const threadSource = `
  require(${sdk('vm-shared')}).GlobalHandlers.prototype.setPromiseHook = () => undefined;
  require(${sdk('workflow-worker-thread')});
`;

function sdk(module: string): string {
  return JSON.stringify(require.resolve(`@temporalio/worker/lib/workflow/${module}`));
}
