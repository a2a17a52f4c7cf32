import { ApplicationFailure, log, patched, workflowInfo, type WorkflowInterceptors } from '@temporalio/workflow';
import { reasonIn } from '../../payloads/refused';
import { patches } from './patches';

/**
 * Keeps messages away from workflows that were forged, moved or left plain: a workflow does not begin with one, signals
 * are left out, updates and queries fail. A marker in history tells that a signal was left out, so that it is at each
 * replay. What history says was taken once is never left out: there the task fails, and goes on as soon as the worker
 * accepts it.
 */
export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      execute(input, next) {
        const reason = firstReason(input.args);
        return reason === undefined ? next(input) : Promise.reject(unlessReplayed(reason));
      },
      handleSignal(input, next) {
        const reason = firstReason(input.args);
        if (reason === undefined) return next(input);
        if (!patched(patches.refusedSignals)) throw new Error(reason);
        log.warn(`the signal ${input.signalName} is ignored: ${reason}`);
        return Promise.resolve();
      },
      handleQuery(input, next) {
        const reason = firstReason(input.args);
        return reason === undefined ? next(input) : Promise.reject(new Error(reason));
      },
      validateUpdate(input, next) {
        const reason = firstReason(input.args);
        if (reason !== undefined) throw new Error(reason);
        next(input);
      },
    },
  ],
});

function firstReason(args: readonly unknown[]): string | undefined {
  return args.map(reasonIn).find((reason) => reason !== undefined);
}

function unlessReplayed(reason: string): Error {
  return workflowInfo().unsafe.isReplaying
    ? new Error(reason)
    : ApplicationFailure.nonRetryable(reason, 'MessageRefused');
}
