import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { NameProblem } from '../model/names';
import { BadRequest, DeploymentLost, EngineUnreachable } from '../temporal/errors';
import { translated } from '../temporal/temporal-errors';

/** Hears of errors that nobody expected. */
export type OnFailure = (error: Error, request?: { method: string; route: string }) => void;

/** A problem as RFC 9457 has it. `exitCode`: that of the command line for the same problem. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ProblemCode;
  exitCode?: number;
  /** What to do about it. */
  advice?: string;
  /** Time in seconds after which the request may be made again; the header `Retry-After` says the same. */
  retryAfter?: number;
  /** Of a request that does not fit: each field and what is wrong with it. */
  problems?: { path: string; message: string }[];
}

/** The codes of problems, with the status and the exit code that belong to them. */
export const problemCodes = {
  bad_input: { status: 400, title: 'The request is not valid', exitCode: 2 },
  unauthenticated: { status: 401, title: 'A valid token is needed' },
  forbidden: { status: 403, title: 'Your roles do not allow this' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  refused: { status: 422, title: 'The request is not possible now', exitCode: 2 },
  not_ended: { status: 422, title: 'The deployment has not ended yet' },
  too_large: { status: 413, title: 'The request is too large', exitCode: 2 },
  too_many: { status: 429, title: 'There were too many requests' },
  lost: { status: 409, title: 'The deployment was lost in Temporal', exitCode: 1 },
  failed: { status: 500, title: 'The request failed' },
  stopping: { status: 503, title: 'The server is stopping', exitCode: 5 },
  unreachable: { status: 503, title: 'The engine cannot be reached', exitCode: 5 },
} as const satisfies Record<string, { status: number; title: string; exitCode?: number }>;

export type ProblemCode = keyof typeof problemCodes;

type More = Pick<Problem, 'advice' | 'problems' | 'retryAfter'>;

/** A request that is answered with a problem. */
export class ApiProblem extends Error {
  constructor(
    readonly code: ProblemCode,
    message: string,
    readonly more: More = {},
  ) {
    super(message);
  }
}

/** What a request names by a number in its address. @throws ApiProblem if there is none */
export async function orNotFound<T>(found: Promise<T>): Promise<T> {
  try {
    return await found;
  } catch (error) {
    throw error instanceof BadRequest ? new ApiProblem('not_found', error.message) : error;
  }
}

/** The answer to an error of a request; one that nobody expected is told to the log. */
export function problemIn(
  error: unknown,
  { method, routeOptions }: Pick<FastifyRequest, 'method' | 'routeOptions'>,
  onFailure: OnFailure,
): Problem {
  const problem = problemOf(error);
  if (problem.code === 'failed') onFailure(error as Error, { method, route: routeOptions.url ?? 'unknown' });
  return problem;
}

/** The answer to an error. The text of one that nobody expected stays in the log. */
export function problemOf(error: unknown): Problem {
  const known = knownOf(error) ?? knownOf(translated(error)) ?? softwareFault(error);
  if (known) return toProblem(known.code, known.detail, known.more);
  return toProblem('failed', 'an unexpected error; the log of the server has it');
}

interface Known {
  code: ProblemCode;
  detail: string;
  more?: More;
}

function knownOf(error: unknown): Known | undefined {
  if (isMissing(error)) return { code: 'not_found', detail: notKept };
  if (error instanceof ApiProblem) return { code: error.code, detail: error.message, more: error.more };
  if (error instanceof NameProblem) return { code: 'bad_input', detail: error.message };
  if (error instanceof BadRequest) return { code: 'refused', detail: error.message };
  if (error instanceof DeploymentLost) return { code: 'lost', detail: error.message };
  if (error instanceof EngineUnreachable)
    return { code: 'unreachable', detail: error.message, more: { advice: error.advice, retryAfter: unreachableS } };
  return ofFramework(error);
}

const unreachableS = 5;

const notKept = 'it does not exist, or Temporal has removed it after its retention period';

/** True if Temporal has no such workflow, schedule or record. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && /^(?:WorkflowNotFound|ScheduleNotFound)Error$/.test(error.name);
}

/** Errors of the HTTP framework, which have a status of their own. */
function ofFramework(error: unknown): Known | undefined {
  const { statusCode, validation, message } = error as {
    statusCode?: number;
    validation?: { instancePath?: string; message?: string }[];
    message?: string;
  };
  if (validation)
    return {
      code: 'bad_input',
      detail: 'the request does not fit the schema of this route',
      more: {
        problems: validation.slice(0, 20).map((each) => ({
          path: (each.instancePath ?? '').replace(/^\//, '').replaceAll('/', '.'),
          message: each.message ?? 'is not valid',
        })),
      },
    };
  if (statusCode === 413) return { code: 'too_large', detail: 'the body of the request is too large' };
  if (statusCode === 404) return { code: 'not_found', detail: 'there is nothing at this address' };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return { code: 'bad_input', detail: message ?? 'the request is malformed' };
  return undefined;
}

/** A fault of the stack that a worker found, such as a secret that is missing; it may be a cause of the error. */
function softwareFault(error: unknown): Known | undefined {
  if (!(error instanceof Error)) return undefined;
  if ((error as { type?: string }).type === 'SoftwareFault') return { code: 'refused', detail: error.message };
  return softwareFault(error.cause);
}

function toProblem(code: ProblemCode, detail: string, more: Known['more'] = {}): Problem {
  const { status, title, ...rest } = problemCodes[code];
  return { type: 'about:blank', title, status, detail, code, ...rest, ...more };
}

/** Answers bytes that are no HTTP request, or did not arrive in time, and closes the connection. */
export function answerMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const isLong = error.code === 'HPE_HEADER_OVERFLOW';
  const detail = isLate
    ? 'the request did not arrive in time'
    : isLong
      ? 'the headers of the request are too large'
      : 'this is not a valid HTTP request';
  const body = JSON.stringify(toProblem(isLong ? 'too_large' : 'bad_input', detail));
  const { status } = problemCodes[isLong ? 'too_large' : 'bad_input'];
  socket.end(
    `HTTP/1.1 ${status} ${isLong ? 'Content Too Large' : 'Bad Request'}\r\nConnection: close\r\n` +
      `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
