import type { V1Status } from '@kubernetes/client-node';
import { RuntimeError, type RuntimeErrorKind } from '../../runtime';

/** A failure reported by the API server. */
export class ApiError extends RuntimeError {
  /** `foreign`: the answer of a server behind the API server's proxy. */
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

const temporaryStatuses = new Set([408, 429, 500, 502, 503, 504]);

/** Classifies a failure of the API server. */
export function toApiError(status: number, body: string): ApiError {
  const found = parse(body);
  const message = found?.message ?? (body.trim().slice(0, 300) || `status ${status}`);
  const conflicts = found?.details?.causes?.filter(({ reason }) => reason === 'FieldManagerConflict') ?? [];
  if (conflicts.length > 0)
    return new ApiError(
      'software',
      `${nameOf(found!)}: another field manager owns ${conflicts.map(describe).join(', ')}; remove the ` +
        'fields from the stack file, or take them over with --force',
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

/** The error of a failed connection. */
export function toAway(error: NodeJS.ErrnoException): RuntimeError {
  return new RuntimeError('platform', `the Kubernetes API does not answer (${error.code ?? error.message})`, {
    cause: error,
  });
}

function kindOf(status: number, found: V1Status | undefined): RuntimeErrorKind {
  if (status === 404) return 'missing';
  const isTerminating = found?.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating');
  return temporaryStatuses.has(status) || isTerminating ? 'platform' : 'software';
}

/** A field and its manager, from `conflict with "kubectl-edit" using apps/v1`. */
function describe({ message, field }: { message?: string; field?: string }): string {
  const owner = /conflict with "([^"]+)"/.exec(message ?? '')?.[1] ?? 'unknown manager';
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

/** Undefined if the worker lacks the permission. */
export async function unlessForbidden<T>(ask: () => Promise<T>): Promise<T | undefined> {
  return ask().catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  });
}
