import { formatProblem, StackFileError } from '../config';
import { counted } from '../model/text';
import { NameProblem } from '../model/names';
import { KeyProblem } from '../payloads/keys';
import { BadRequest, DeploymentLost, EngineUnreachable } from '../temporal/errors';
import { exitCodes } from './exit-codes';
import { complain, paint, printJson } from './output/terminal';

/** Prints an error with advice, and returns its exit code. */
export function explain(error: unknown, json: boolean): number {
  const { code, lines, data } = describe(error instanceof StackFileError ? error : translate(error));
  if (json) printJson({ error: data, exitCode: code });
  else lines.forEach(complain);
  return code;
}

/** Translates errors of Temporal, whose libraries take long to load: an invalid file is reported without them. */
function translate(error: unknown): unknown {
  const { translated } = require('../temporal/temporal-errors') as typeof import('../temporal/temporal-errors');
  return translated(error);
}

function describe(error: unknown): { code: number; lines: string[]; data: unknown } {
  if (error instanceof StackFileError) {
    const count = error.problems.length;
    return {
      code: exitCodes.badInput,
      lines: [
        ...error.problems.map((problem) => paint.red(formatProblem(problem))),
        `${counted(count, 'problem')}; nothing was changed`,
      ],
      data: { problems: error.problems },
    };
  }
  const message = messageOf(error);
  if (error instanceof EngineUnreachable)
    return {
      code: exitCodes.unreachable,
      lines: [paint.red(message), error.advice],
      data: { message, advice: error.advice },
    };
  if (error instanceof BadRequest || error instanceof NameProblem || error instanceof KeyProblem || isOfKeyFile(error))
    return { code: exitCodes.badInput, lines: [paint.red(message)], data: { message } };
  return {
    code: isFault(error) ? exitCodes.badInput : exitCodes.failed,
    lines: [paint.red(message)],
    data: { message },
  };
}

/** By its name, because few commands need the keys of statements. */
function isOfKeyFile(error: unknown): boolean {
  return error instanceof Error && error.name === 'StatementKeyProblem';
}

/** True for a fault of the stack that a query found, such as a missing secret. Nothing was changed. */
function isFault(error: unknown): boolean {
  return error instanceof Error && ((error as { type?: string }).type === 'SoftwareFault' || isFault(error.cause));
}

/** The innermost message: Temporal wraps the errors of workflows and activities. */
function messageOf(error: unknown): string {
  let inner = error;
  while (
    inner instanceof Error &&
    inner.cause instanceof Error &&
    !(inner instanceof EngineUnreachable || inner instanceof BadRequest || inner instanceof DeploymentLost)
  )
    inner = inner.cause;
  return inner instanceof Error ? inner.message : String(inner);
}
