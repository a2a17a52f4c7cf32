import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';

/** Where workflows are, and how they are found. */

export const taskQueue = 'deploy-code';

/** Task queue of the worker that serves a host. */
export const hostQueue = (host: string): string => `${taskQueue}/${host}`;

/** Deliveries to subscribers have a queue, and slots of a worker, of their own: they never take those of deployments. */
export const deliveryQueue = `${taskQueue}-deliveries`;

export interface Place {
  stack: string;
  environment: string;
}

export const deploymentId = ({ stack, environment }: Place, request: string): string => `deployment/${stack}/${environment}/${request}`;
export const environmentId = ({ stack, environment }: Place): string => `environment/${stack}/${environment}`;
export const releaseId = ({ stack, environment }: Place, release: number): string => `release/${stack}/${environment}/${release}`;

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
