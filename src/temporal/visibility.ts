import { requireNumber, requirePlace } from '../model/names';
import { searchAttributes, type Place } from '../workflows/messages';

/** Queries of Temporal's visibility: the only place where they are built. */

/** Deployments of an environment. @throws NameProblem */
export function deploymentsOf(place: Place): string {
  return query({ WorkflowType: 'deployment', ...attributesOf(place) });
}

/** The deployment of an environment that has a number. @throws NameProblem */
export function deploymentNumbered(place: Place, number: number): string {
  return query({
    WorkflowType: 'deployment',
    ...attributesOf(place),
    [searchAttributes.number.name]: requireNumber('deployment', number),
  });
}

/** Releases of an environment that are kept. @throws NameProblem */
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

/** A value as Temporal reads it. Quotes and backslashes would end it. */
export function literal(value: string | number): string {
  return typeof value === 'number' ? String(value) : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
