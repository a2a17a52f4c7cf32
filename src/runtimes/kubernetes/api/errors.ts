import type { V1Status } from '@kubernetes/client-node';
import { RuntimeError, type RuntimeErrorKind } from '../../runtime';

/** An answer of the API server that is none of success. */
export class ApiError extends RuntimeError {
  /** `foreign`: the answer of something that the server only passes on. */
  constructor(
    kind: RuntimeErrorKind,
    message: string,
    readonly status: number,
    readonly why: string | undefined,
    readonly foreign?: string,
  ) {
    super(kind, message);
  }
}

const passing = new Set([408, 429, 500, 502, 503, 504]);

/** What an answer means, and whose trouble it is. */
export function toApiError(status: number, body: string): ApiError {
  const found = parse(body);
  const message = found?.message ?? (body.trim().slice(0, 300) || `status ${status}`);
  const conflicts = found?.details?.causes?.filter(({ reason }) => reason === 'FieldManagerConflict') ?? [];
  if (conflicts.length > 0)
    return new ApiError(
      'software',
      `${nameOf(found!)}: somebody else owns ${conflicts.map(describe).join(', ')}; leave it to ` +
        'them by removing it from the stack file, or take it over with --force',
      status,
      'Conflict',
    );
  const lacksRole = status === 401 || (status === 403 && /cannot \w+ resource/.test(message));
  return new ApiError(
    kindOf(status, found),
    `Kubernetes: ${message}${lacksRole ? '; see the roles in configs/kubernetes' : ''}`,
    status,
    found?.reason,
    found ? undefined : body,
  );
}

/** A connection that failed. */
export function toAway(error: NodeJS.ErrnoException): RuntimeError {
  return new RuntimeError('platform', `the Kubernetes API does not answer (${error.code ?? error.message})`, {
    cause: error,
  });
}

function kindOf(status: number, found: V1Status | undefined): RuntimeErrorKind {
  if (status === 404) return 'missing';
  const isTerminating = found?.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating');
  return passing.has(status) || isTerminating ? 'platform' : 'software';
}

/** `conflict with "kubectl-edit" using apps/v1` of a field. */
function describe({ message, field }: { message?: string; field?: string }): string {
  const owner = /conflict with "([^"]+)"/.exec(message ?? '')?.[1] ?? 'somebody else';
  return `${field} (${owner})`;
}

function nameOf({ details }: V1Status): string {
  return `${details?.kind ?? 'the object'} ${details?.name ?? ''}`.trim();
}

function parse(body: string): V1Status | undefined {
  try {
    const found = JSON.parse(body) as V1Status;
    return found.kind === 'Status' ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing where the worker may not ask. */
export async function unlessForbidden<T>(ask: () => Promise<T>): Promise<T | undefined> {
  return ask().catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  });
}
