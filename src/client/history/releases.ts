import type { PastRun } from '../../plan/service/job-runs';
import { BadRequest } from '../../temporal/errors';
import type { EnvironmentState, Place, ReleaseContents } from '../../workflows/messages';

/** A kept release, without its stack, which holds the ciphertexts of secrets. */
export interface ReleaseSummary extends Pick<
  ReleaseContents,
  'release' | 'deployment' | 'requestedBy' | 'reason' | 'at' | 'images'
> {
  variables: Record<string, string>;
  services: Record<string, { name: string; kind: string; image?: string; replicas: number; mayComplete?: boolean }>;
}

export function summaryOf({ stack, ...contents }: ReleaseContents): ReleaseSummary {
  const { release, deployment, requestedBy, reason, at, images } = contents;
  const services = Object.entries(stack.services).map(([key, { name, kind, image, replicas, mayComplete }]) => [
    key,
    { name, kind, image, replicas, ...(mayComplete && { mayComplete }) },
  ]);
  return {
    release,
    deployment,
    requestedBy,
    reason,
    at,
    images,
    variables: stack.variables,
    services: Object.fromEntries(services),
  };
}

/** The release that runs or, after a stop, the last one; undefined if none was deployed. */
export function lastIn(state: Pick<EnvironmentState, 'current' | 'releases'> | undefined): number | undefined {
  return state?.current?.release ?? state?.releases.at(-1);
}

/** The kept release before the current one. @throws BadRequest if there is none */
export function previousIn(state: EnvironmentState | undefined, { stack, environment }: Place): number {
  const current = state?.current?.release ?? Infinity;
  const previous = state?.releases.filter((number) => number < current).at(-1);
  if (previous !== undefined) return previous;
  throw new BadRequest(`${stack}/${environment} has no earlier release to roll back to`);
}

/** Job runs since a release was deployed, including those of failed deployments; none for the current release. */
export function jobsSinceIn(
  state: EnvironmentState | undefined,
  { release, deployment }: Pick<ReleaseContents, 'release' | 'deployment'>,
): PastRun[] {
  return state?.current?.release === release ? [] : (state?.runs ?? []).filter((run) => run.deployment > deployment);
}
