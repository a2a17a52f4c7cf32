import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { requireName, requireNumber, requirePlace } from '../../model/names';
import { fields, named, type TypeOf } from './shape';

/** The names, task queues and search attributes of workflows. */

export const taskQueue = 'deploy-code';

/** Task queue of the worker that serves a host. @throws NameProblem */
export const hostQueue = (host: string): string => `${taskQueue}/${requireName('host', host)}`;
/** True for the task queue of a host. */
export const isHostQueue = (queue: string): boolean => queue.startsWith(`${taskQueue}/`);

/**
 * Deliveries to subscribers have their own task queue and worker slots, so that they never take those of deployments.
 */
export const deliveryQueue = `${taskQueue}-deliveries`;

export const place = fields({ stack: named('stack'), environment: named('environment') });
export type Place = TypeOf<typeof place>;

const pathOf = (of: Place): string => {
  const { stack, environment } = requirePlace(of);
  return `${stack}/${environment}`;
};

/** Ids of workflows. @throws NameProblem if a name in them is invalid */
export const deploymentId = (of: Place, request: string): string =>
  `deployment/${pathOf(of)}/${requireName('request', request)}`;
export const environmentId = (of: Place): string => `environment/${pathOf(of)}`;
export const releaseId = (of: Place, release: number): string =>
  `release/${pathOf(of)}/${requireNumber('release', release)}`;
export const schedulePrefix = (of: Place): string => `schedule/${pathOf(of)}/`;
export const scheduleId = (of: Place, name: string): string => `${schedulePrefix(of)}${requireName('schedule', name)}`;

export const searchAttributes = {
  stack: defineSearchAttributeKey('DeployCodeStack', 'KEYWORD'),
  environment: defineSearchAttributeKey('DeployCodeEnvironment', 'KEYWORD'),
  status: defineSearchAttributeKey('DeployCodeStatus', 'KEYWORD'),
  release: defineSearchAttributeKey('DeployCodeRelease', 'INT'),
  number: defineSearchAttributeKey('DeployCodeNumber', 'INT'),
};

/** Search attributes of every workflow of an environment. */
export const placeAttributes = ({ stack, environment }: Place): SearchAttributePair[] => [
  { key: searchAttributes.stack, value: stack },
  { key: searchAttributes.environment, value: environment },
];
