import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { BadRequest, EngineUnreachable, NoWorker } from './errors';

/** Codes of gRPC. */
const codes = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export const startAWorker =
  'start one with `deploy-code worker` (or `deploy-code dev`), and look at ' +
  'its log; what was asked for goes on as soon as one is there';
const lookAtTemporal = 'look at the log of the Temporal server; what runs there goes on when it is back';
const lookAtAccess =
  'check the API key or the client certificate, and what it may do in this ' +
  'namespace (TEMPORAL_API_KEY, TEMPORAL_TLS_*, or the Temporal profile)';

type Translation = (details: string) => Error;

const unreachable =
  (message: string, advice: string): Translation =>
  () =>
    new EngineUnreachable(message, advice);

/** What each code means to a person, and what to do. The only place that knows. */
const translations: Record<number, Translation> = {
  [codes.cancelled]: unreachable('the connection to Temporal was closed before it answered', lookAtTemporal),
  [codes.invalidArgument]: (details) => new BadRequest(`Temporal does not accept the request: ${details}`),
  [codes.deadlineExceeded]: unreachable('no answer came in time: no worker is there, or it is too busy', startAWorker),
  [codes.notFound]: (details) =>
    new BadRequest(`Temporal does not know it, or has forgotten it by its retention: ${details}`),
  [codes.alreadyExists]: (details) => new BadRequest(`it exists already: ${details}`),
  [codes.permissionDenied]: unreachable('Temporal does not permit it', lookAtAccess),
  [codes.resourceExhausted]: (details) =>
    isTooLarge(details)
      ? new BadRequest(
          `the message is larger than Temporal takes (${details}); make the ` +
            'stack file, its configs or what is asked for smaller',
        )
      : new EngineUnreachable(
          'Temporal takes no more requests just now (a rate limit)',
          'try again in a moment, or raise the limits of the namespace',
        ),
  [codes.failedPrecondition]: (details) =>
    isWithoutPoller(details) ? noWorker() : new BadRequest(`Temporal cannot do it now: ${details}`),
  [codes.aborted]: unreachable('Temporal gave up the request', 'try again'),
  [codes.unimplemented]: (details) =>
    new EngineUnreachable(`this Temporal server cannot do it: ${details}`, 'use version 1.29 or later'),
  [codes.internal]: unreachable('Temporal failed with an error of its own', lookAtTemporal),
  [codes.unavailable]: unreachable('the Temporal server does not answer any more', lookAtTemporal),
  [codes.unauthenticated]: unreachable('Temporal does not know who asks', lookAtAccess),
};

const refusals: readonly number[] = [codes.permissionDenied, codes.unauthenticated];
const passing: readonly number[] = [
  codes.cancelled,
  codes.deadlineExceeded,
  codes.aborted,
  codes.internal,
  codes.unavailable,
];

/** No worker answers, by what is known of the last one. */
export function noWorker(lastPoll?: Date): NoWorker {
  const since = lastPoll ? `; the last one asked for work at ${lastPoll.toLocaleTimeString('sv')}` : '';
  return new NoWorker(`no worker answers${since}`, startAWorker);
}

/** An error as a person understands it: never a code of gRPC. Other errors stay as they are. */
export function translated(error: unknown): unknown {
  if (error instanceof EngineUnreachable || error instanceof BadRequest) return error;
  if (error instanceof WorkflowNotFoundError)
    return new BadRequest(`Temporal does not know it, or has forgotten it by its retention: ${error.workflowId}`, {
      cause: error,
    });
  const found = grpcOf(error);
  if (!found) return error;
  const translate =
    translations[found.code] ??
    (() => new EngineUnreachable('Temporal failed in a way that nobody foresaw', lookAtTemporal));
  const translation = translate(found.details);
  translation.cause = error;
  return translation;
}

/** True for trouble that passes by itself: no worker, or no Temporal, for now. */
export function isPassing(error: unknown): boolean {
  if (error instanceof NoWorker) return true;
  const found = grpcOf(error);
  if (!found) return false;
  if (found.code === codes.failedPrecondition) return isWithoutPoller(found.details);
  if (found.code === codes.resourceExhausted) return !isTooLarge(found.details);
  return passing.includes(found.code);
}

/** True where Temporal answers, and does not let this client in. */
export function isRefused(error: unknown): boolean {
  return refusals.includes(grpcOf(error)?.code ?? 0);
}

/** True where no worker is there to answer, though Temporal is. */
export function isWithoutWorker(error: unknown): boolean {
  const found = grpcOf(error);
  return (
    found !== undefined &&
    (found.code === codes.deadlineExceeded ||
      (found.code === codes.failedPrecondition && isWithoutPoller(found.details)))
  );
}

/** True where Temporal itself answered with an error: not where what it answered cannot be read. */
export function isFromTemporal(error: unknown): boolean {
  return grpcOf(error) !== undefined;
}

/** True where a call was given up, by either side. */
export function isCancelled(error: unknown): boolean {
  return grpcOf(error)?.code === codes.cancelled;
}

function grpcOf(error: unknown): { code: number; details: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  if (isGrpcServiceError(error)) return { code: Number(error.code), details: error.details };
  return grpcOf(error.cause);
}

function isTooLarge(details: string): boolean {
  return /larger than max|too large|exceeds (size )?limit/i.test(details);
}

function isWithoutPoller(details: string): boolean {
  return /no poller/i.test(details);
}
