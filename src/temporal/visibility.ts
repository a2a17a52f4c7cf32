import { requireNumber, requirePlace } from '../model/names';
import { searchAttributes, type Place } from '../workflows/messages';

/** Builds all visibility queries. */

/** Environments that have been deployed. */
export const runningEnvironments = query({ WorkflowType: 'environment', ExecutionStatus: 'Running' });

/** Deployments that run or wait, of all environments. */
export const runningDeployments = query({ WorkflowType: 'deployment', ExecutionStatus: 'Running' });

/** Deployments of an environment. @throws NameProblem */
export function deploymentsOf(place: Place): string {
  return query({ WorkflowType: 'deployment', ...attributesOf(place) });
}

/**
 * Deployments of an environment that ended not later than another one or, if that one runs, began not later. Times in
 * ms since the epoch. @throws NameProblem
 */
export function deploymentsAfter(
  place: Place,
  { startedAt, endedAt }: { startedAt: number; endedAt?: number },
): string {
  const until = (attribute: string, ms: number) => `${attribute} < ${literal(new Date(ms + 1).toISOString())}`;
  const closed = `ExecutionStatus != ${literal('Running')}`;
  const rest = endedAt === undefined ? `(${closed} OR ${until('StartTime', startedAt)})` : until('CloseTime', endedAt);
  return `${deploymentsOf(place)} AND ${rest}`;
}

/** The deployment of an environment with a number. @throws NameProblem */
export function deploymentNumbered(place: Place, number: number): string {
  return query({
    WorkflowType: 'deployment',
    ...attributesOf(place),
    [searchAttributes.number.name]: requireNumber('deployment', number),
  });
}

/** Deployments of an environment with a higher number. @throws NameProblem */
export function deploymentsAbove(place: Place, number: number): string {
  return `${deploymentsOf(place)} AND ${searchAttributes.number.name} > ${literal(number)}`;
}

/** The kept releases of an environment. @throws NameProblem */
export function keptReleasesOf(place: Place): string {
  return query({ WorkflowType: 'release', ExecutionStatus: 'Running', ...attributesOf(place) });
}

function attributesOf(place: Place): Record<string, string> {
  const { stack, environment } = requirePlace(place);
  return { [searchAttributes.stack.name]: stack, [searchAttributes.environment.name]: environment };
}

function query(conditions: Record<string, string | number>): string {
  return Object.entries(conditions)
    .map(([attribute, value]) => `${attribute} = ${literal(value)}`)
    .join(' AND ');
}

/** A literal of a query, with quotes and backslashes escaped. */
export function literal(value: string | number): string {
  return typeof value === 'number' ? String(value) : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
