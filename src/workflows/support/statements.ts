import { ApplicationFailure, CancellationScope, log, patched, workflowInfo } from '@temporalio/workflow';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { failureTypes } from '../../activities/contract';
import { actionOfMessage, isOfInstallation, requestText, statementHeader } from '../../model/access';
import { digestOf } from '../../plan/service/hash';
import { toProblem } from '../deployment/steps/failure';
import { taskQueue } from '../messages';
import { activity } from './activity-options';
import { patches } from './patches';

/** Messages with statements of a server: a worker judges them, the workflow remembers which it has seen. */

/** Statements expire within minutes; more at once are refused. */
const mostSeen = 10_000;

let required = false;
/** Tells people about a message that was refused. */
let noteRefusal: (name: string, why: string) => void = () => undefined;
/** When the statements that were used expire, by their ids. */
const seen = new Map<string, number>();
/** One message is judged at a time, so that they take effect in their order. */
let judging: Promise<unknown> = Promise.resolve();

/** Whether from now on the messages of people to this workflow need a statement. */
export function requireStatements(are = true): void {
  required = are;
}

/** Calls back for each signal that is refused. */
export function onRefusal(note: typeof noteRefusal): void {
  noteRefusal = note;
}

/** A signal has nobody to tell: the log of the worker says why it has no effect. */
export function ignore(name: string, why: string): void {
  log.warn(`the signal ${name} is ignored: ${why}`);
  noteRefusal(name, why);
}

export function areStatementsRequired(): boolean {
  return required;
}

export interface IncomingMessage {
  name: string;
  isUpdate: boolean;
  args: readonly unknown[];
  headers: Headers;
}

/** Why a message is refused; undefined if it may take effect. Undefined at once if nobody has to judge it. */
export function judge(message: IncomingMessage): Promise<string | undefined> | undefined {
  const { workflowId } = workflowInfo();
  const { name, isUpdate } = message;
  if (actionOfMessage(workflowId, name, isUpdate) === undefined) return undefined;
  const patch = isUpdate ? patches.statements : patches.statedBlocks;
  if (isOfInstallation(workflowId) ? !patched(patch) : !required) return undefined;
  // Also while the workflow is cancelled: an error here would end it.
  const judged = CancellationScope.nonCancellable(() =>
    judging.then(() => ask(workflowId, message)).catch((error: unknown) => toProblem(error).message),
  );
  judging = judged;
  return judged;
}

/** The failure of an update that is refused. */
export function refusedMessage(why: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(why, failureTypes.software);
}

async function ask(
  workflowId: string,
  { name, isUpdate, args, headers }: IncomingMessage,
): Promise<string | undefined> {
  const statement = statementIn(headers);
  const { id, until, refused } = await activity(
    'admitRequest',
    taskQueue,
    `judge the message ${name}`,
  )({
    name,
    isUpdate,
    digest: digestOf(requestText(workflowId, name, args)),
    ...(statement !== undefined && { statement }),
  });
  if (refused !== undefined) return refused;
  return id === undefined ? undefined : useOnce(id, until ?? 0);
}

function useOnce(id: string, until: number): string | undefined {
  const now = Date.now();
  // A worker accepts a statement a little longer than it says, because clocks differ.
  for (const [other, end] of seen) if (end + 60_000 < now) seen.delete(other);
  if (seen.has(id)) return 'the statement of the server was used before; make the request again';
  if (seen.size >= mostSeen) return 'there were too many requests in a short time; try again in a minute';
  seen.set(id, until);
  return undefined;
}

function statementIn(headers: Headers): string | undefined {
  const header = headers[statementHeader];
  if (!header) return undefined;
  try {
    const text: unknown = defaultPayloadConverter.fromPayload(header);
    return typeof text === 'string' && text.length <= 4096 ? text : 'malformed';
  } catch {
    return 'malformed';
  }
}
