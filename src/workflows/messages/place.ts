import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { requireName, requireNumber, requirePlace } from '../../model/names';

/** Where workflows are, and how they are found. */

export const taskQueue = 'deploy-code';

/** Task queue of the worker that serves a host. @throws NameProblem */
export const hostQueue = (host: string): string => `${taskQueue}/${requireName('host', host)}`;
/** True for the task queue of a host. */
export const isHostQueue = (queue: string): boolean => queue.startsWith(`${taskQueue}/`);

/**
 * Deliveries to subscribers have a queue, and slots of a worker, of their own: they never take those of deployments.
 */
export const deliveryQueue = `${taskQueue}-deliveries`;

export interface Place {
  stack: string;
  environment: string;
}

const pathOf = (place: Place): string => {
  const { stack, environment } = requirePlace(place);
  return `${stack}/${environment}`;
};

/** Ids of workflows. @throws NameProblem where a name in them is none */
export const deploymentId = (place: Place, request: string): string =>
  `deployment/${pathOf(place)}/${requireName('request', request)}`;
export const environmentId = (place: Place): string => `environment/${pathOf(place)}`;
export const releaseId = (place: Place, release: number): string =>
  `release/${pathOf(place)}/${requireNumber('release', release)}`;
export const schedulePrefix = (place: Place): string => `schedule/${pathOf(place)}/`;
export const scheduleId = (place: Place, name: string): string =>
  `${schedulePrefix(place)}${requireName('schedule', name)}`;

export const searchAttributes = {
  stack: defineSearchAttributeKey('DeployCodeStack', 'KEYWORD'),
  environment: defineSearchAttributeKey('DeployCodeEnvironment', 'KEYWORD'),
  status: defineSearchAttributeKey('DeployCodeStatus', 'KEYWORD'),
  release: defineSearchAttributeKey('DeployCodeRelease', 'INT'),
  number: defineSearchAttributeKey('DeployCodeNumber', 'INT'),
};

/** By which everything of an environment is found. */
export const placeAttributes = ({ stack, environment }: Place): SearchAttributePair[] => [
  { key: searchAttributes.stack, value: stack },
  { key: searchAttributes.environment, value: environment },
];
