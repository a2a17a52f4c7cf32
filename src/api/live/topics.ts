import type { Action } from '../../model/access';
import { isName } from '../../model/names';
import type { Place } from '../../workflows/messages';
import { ApiProblem } from '../problems';

/** What can be followed live. */

/** Who may follow a topic; a kind without an entry does not compile. docs/api.md shows this table. */
export const topicRules = {
  deployment: {
    action: 'environment.read',
    form: 'deployment:STACK/ENVIRONMENT/ID',
    what: 'the events of a deployment until it ends, and what it waits for',
  },
  environment: {
    action: 'environment.read',
    form: 'environment:STACK/ENVIRONMENT',
    what: 'the state of an environment, and the health of its instances, now and after each change',
  },
  logs: {
    action: 'logs.read',
    form: 'logs:STACK/ENVIRONMENT or logs:STACK/ENVIRONMENT/SERVICE',
    what: 'the log lines of instances, also of those that come later',
  },
} as const satisfies Record<Topic['kind'], { action: Action; form: string; what: string }>;

export type Topic =
  | { kind: 'deployment'; place: Place; deployment: string }
  | { kind: 'environment'; place: Place }
  /** `services`: none stands for all. */
  | { kind: 'logs'; place: Place; services: readonly string[] };

/** Where to begin. */
export interface From {
  /** The id of the last message that the client has. */
  after?: string;
  /** Of logs: lines of each instance from before. */
  tail?: number;
  /** Of logs: lines since this time, in ms since the epoch. */
  since?: number;
}

/** The types of streams. */
export type StreamType = 'text/event-stream' | 'application/x-ndjson' | 'text/plain';

/** The number or the id of a deployment, as addresses have it. */
export const deploymentPattern = /^(?:[0-9]{1,9}|[A-Za-z0-9][A-Za-z0-9_.:-]{0,199})$/;

/** The most characters of a topic. */
export const longestTopic = 500;

/** @throws ApiProblem if the text is no topic */
export function topicOf(text: string): Topic {
  const topic = text.length <= longestTopic ? parsed(text) : undefined;
  if (topic) return topic;
  throw new ApiProblem('bad_input', 'this is not a topic', {
    advice: `topics are ${Object.values(topicRules)
      .map(({ form }) => form)
      .join(', ')}`,
  });
}

function parsed(text: string): Topic | undefined {
  const [, kind, stack, environment, more] = /^([a-z]+):([^/]+)\/([^/]+)(?:\/([^/]+))?$/.exec(text) ?? [];
  if (!isName('stack', stack) || !isName('environment', environment)) return undefined;
  const place = { stack, environment };
  if (kind === 'environment' && more === undefined) return { kind, place };
  if (kind === 'deployment' && more !== undefined && deploymentPattern.test(more))
    return { kind, place, deployment: more };
  if (kind === 'logs' && (more === undefined || isName('service', more)))
    return { kind, place, services: more === undefined ? [] : [more] };
  return undefined;
}
