import {
  allHandlersFinished,
  ApplicationFailure,
  continueAsNew,
  currentUpdateInfo,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { failureTypes } from '../../activities/contract';
import type { AuditHead } from '../../model/audit';
import { toProblem } from '../deployment/steps/failure';
import { installation, taskQueue, type Act } from '../messages';
import type { Shape } from '../messages/shape';
import { activity } from './activity-options';
import { admit } from './admit';
import { waitUntil } from './serialised-events';

/** What workflows share that keep something for a whole installation. */

/** A workflow ends after this time with nothing to keep; the next request starts a new one. */
const idleMs = 600_000;

interface Kept {
  /** The end of the audit trail of the installation. */
  audit?: AuditHead;
}

/**
 * What the run before has handed on; `empty` if this is the first one. Whoever reaches Temporal can start the workflow
 * with contents of their own, which are not taken over.
 * @throws ApplicationFailure for such contents, and for malformed ones
 */
export function handedOn<S>(before: S | undefined, empty: S, shape: Shape): S {
  if (before === undefined) return empty;
  const { workflowType, continuedFromExecutionRunId } = workflowInfo();
  if (continuedFromExecutionRunId !== undefined) return admit(before, shape, workflowType);
  throw refusal(`${workflowType} takes over contents from its own earlier run only; nothing was taken over`);
}

/** Keeps the workflow running, with a new history when this one is long, for as long as there is something to keep. */
export async function keep<S extends Kept>(state: S, isEmpty: (state: S) => boolean): Promise<void> {
  for (;;) {
    const isWanted = () => !allHandlersFinished() || !isEmpty(state);
    if (!(await waitUntil(isWanted, idleMs, 'end with nothing to keep'))) return;
    await waitUntil(() => allHandlersFinished() && (isEmpty(state) || workflowInfo().continueAsNewSuggested));
    if (!isEmpty(state)) return continueAsNew<(before: S) => Promise<void>>(state);
  }
}

/** Records an act on the installation before it is performed. A repeated request has the same record. */
export async function recordAct(state: Kept, { by = 'unknown', from }: Act, what: string): Promise<void> {
  const id = currentUpdateInfo()?.id ?? uuid4();
  const entry = { id, at: Date.now(), by, what, result: 'asked for', ...(from !== undefined && { from }) };
  const record = activity('recordAudit', taskQueue, `record: ${what} by ${by}`);
  const head = await record(installation, entry).catch(refuse);
  if (head.place !== state.audit?.place || head.sequence > (state.audit?.sequence ?? 0)) state.audit = head;
}

/** Fails an update with the problem of an activity. */
export function refuse(error: unknown): never {
  throw refusal(`${toProblem(error).message}; nothing was changed`);
}

/** The failure of an update that is refused. */
export function refusal(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, failureTypes.software);
}
