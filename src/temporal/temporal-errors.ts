import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { BadRequest, EngineUnreachable, NoWorker } from './errors';

/** gRPC status codes. */
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
  'start one with `deploy-code worker` (or `deploy-code dev`), and check ' +
  'its log; the request continues as soon as a worker runs';
const checkTemporal = 'check the log of the Temporal server; deployments continue when it is available again';
const checkAccess =
  'check the API key or the client certificate, and its permissions in this ' +
  'namespace (TEMPORAL_API_KEY, TEMPORAL_TLS_*, or the Temporal profile)';

type Translation = (details: string) => Error;

const unreachable =
  (message: string, advice: string): Translation =>
  () =>
    new EngineUnreachable(message, advice);

/** Errors with advice for each gRPC code. */
const translations: Record<number, Translation> = {
  [codes.cancelled]: unreachable('the connection to Temporal was closed before it answered', checkTemporal),
  [codes.invalidArgument]: (details) => new BadRequest(`Temporal rejects the request: ${details}`),
  [codes.deadlineExceeded]: unreachable('no answer in time: no worker runs, or it is overloaded', startAWorker),
  [codes.notFound]: (details) =>
    new BadRequest(`not found in Temporal, or removed after the retention period: ${details}`),
  [codes.alreadyExists]: (details) => new BadRequest(`already exists: ${details}`),
  [codes.permissionDenied]: unreachable('Temporal denies permission', checkAccess),
  [codes.resourceExhausted]: (details) =>
    isTooLarge(details)
      ? new BadRequest(
          `the message is larger than Temporal accepts (${details}); make the ` +
            'stack file, its configs or the request smaller',
        )
      : new EngineUnreachable(
          'Temporal rejects requests because of a rate limit',
          'try again in a moment, or raise the limits of the namespace',
        ),
  [codes.failedPrecondition]: (details) =>
    isWithoutPoller(details) ? noWorker() : new BadRequest(`Temporal cannot perform the request now: ${details}`),
  [codes.aborted]: unreachable('Temporal aborted the request', 'try again'),
  [codes.unimplemented]: (details) =>
    new EngineUnreachable(`this Temporal server does not support the request: ${details}`, 'use version 1.29 or later'),
  [codes.internal]: unreachable('Temporal failed with an internal error', checkTemporal),
  [codes.unavailable]: unreachable('the Temporal server does not answer any more', checkTemporal),
  [codes.unauthenticated]: unreachable('Temporal rejects the credentials', checkAccess),
};

const refusals: readonly number[] = [codes.permissionDenied, codes.unauthenticated];
const passing: readonly number[] = [
  codes.cancelled,
  codes.deadlineExceeded,
  codes.aborted,
  codes.internal,
  codes.unavailable,
];

/** The error that no worker answers, with the time of the last poll. */
export function noWorker(lastPoll?: Date): NoWorker {
  const since = lastPoll ? `; the last one polled at ${lastPoll.toLocaleTimeString('sv')}` : '';
  return new NoWorker(`no worker answers${since}`, startAWorker);
}

/** Translates gRPC errors into errors with advice. Returns other errors as they are. */
export function translated(error: unknown): unknown {
  if (error instanceof EngineUnreachable || error instanceof BadRequest) return error;
  if (error instanceof WorkflowNotFoundError)
    return new BadRequest(`not found in Temporal, or removed after the retention period: ${error.workflowId}`, {
      cause: error,
    });
  const found = grpcOf(error);
  if (!found) return error;
  const translate =
    translations[found.code] ?? (() => new EngineUnreachable('Temporal failed with an unknown error', checkTemporal));
  const translation = translate(found.details);
  translation.cause = error;
  return translation;
}

/** True for transient outages: the worker or the Temporal server does not answer. */
export function isPassing(error: unknown): boolean {
  if (error instanceof NoWorker) return true;
  const found = grpcOf(error);
  if (!found) return false;
  if (found.code === codes.failedPrecondition) return isWithoutPoller(found.details);
  if (found.code === codes.resourceExhausted) return !isTooLarge(found.details);
  return passing.includes(found.code);
}

/** True if Temporal denies access to this client. */
export function isRefused(error: unknown): boolean {
  return refusals.includes(grpcOf(error)?.code ?? 0);
}

/** True if Temporal answers, but no worker. */
export function isWithoutWorker(error: unknown): boolean {
  const found = grpcOf(error);
  return (
    found !== undefined &&
    (found.code === codes.deadlineExceeded ||
      (found.code === codes.failedPrecondition && isWithoutPoller(found.details)))
  );
}

/** True if Temporal itself returned an error; false if its answer could not be decoded. */
export function isFromTemporal(error: unknown): boolean {
  return grpcOf(error) !== undefined;
}

/** True if a call was cancelled, by either side. */
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
