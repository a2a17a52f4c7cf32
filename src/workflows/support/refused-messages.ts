import { ApplicationFailure, log, patched, workflowInfo, type WorkflowInterceptors } from '@temporalio/workflow';
import { reasonIn } from '../../payloads/refused';
import { patches } from './patches';
import { ignore, judge, refusedMessage } from './statements';

/**
 * Refuses forged, moved or unencrypted messages: a workflow does not start with one, signals are ignored, updates and
 * queries fail. A marker in history records that a signal was ignored, so that each replay ignores it too. A signal
 * that was accepted once is never ignored: then the workflow task fails until the worker accepts the message again.
 * Messages that need a statement of a server are judged by a worker first.
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
        if (reason === undefined) {
          const judged = judge({ ...input, name: input.signalName, isUpdate: false });
          return judged ? ignoreRefused(judged, input.signalName, () => next(input)) : next(input);
        }
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
      handleUpdate(input, next) {
        const judged = judge({ ...input, isUpdate: true });
        return judged ? failRefused(judged, () => next(input)) : next(input);
      },
    },
  ],
});

/** A signal has nobody to tell: a refused one has no effect. */
async function ignoreRefused(
  judged: Promise<string | undefined>,
  name: string,
  take: () => Promise<void>,
): Promise<void> {
  const refused = await judged;
  if (refused === undefined) return take();
  ignore(name, refused);
}

async function failRefused(judged: Promise<string | undefined>, take: () => Promise<unknown>): Promise<unknown> {
  const refused = await judged;
  if (refused !== undefined) throw refusedMessage(refused);
  return take();
}

function firstReason(args: readonly unknown[]): string | undefined {
  return args.map(reasonIn).find((reason) => reason !== undefined);
}

function unlessReplayed(reason: string): Error {
  return workflowInfo().unsafe.isReplaying
    ? new Error(reason)
    : ApplicationFailure.nonRetryable(reason, 'MessageRefused');
}
