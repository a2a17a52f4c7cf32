import { z } from 'zod';
import { intentKinds } from '../../model/deployment';
import { answerOf, named, route, type Route } from '../route';
import { freeze, ms, place } from '../routes/answers';
import { healths } from './tile';

const running = answerOf({
  id: z.string(),
  deployment: z.int(),
  intent: z.enum(intentKinds).optional(),
  by: z.string().optional(),
  reason: z.string().optional(),
  since: ms.optional(),
  waits: z.boolean().describe('for a person'),
});

const tile = named(
  'EnvironmentTile',
  answerOf({
    place,
    runtime: z.string().optional(),
    health: z.enum(healths).describe('unreadable: it cannot be read now; unwatched: the watch does not run'),
    findings: z
      .array(answerOf({ text: z.string(), since: ms.optional() }))
      .describe('why it is degraded or drifted: the first three'),
    findingCount: z.int(),
    release: answerOf({
      number: z.int(),
      deployment: z.int(),
      at: ms.optional(),
      by: z.string().optional(),
      reason: z.string().optional(),
    }).optional(),
    running: running.optional(),
    queued: z.int().describe('deployments that wait for their turn'),
    failed: answerOf({ deployment: z.int(), outcome: z.string() })
      .optional()
      .describe('the last deployment, if it did'),
    freeze: freeze.optional(),
    breaker: answerOf({ failures: z.int(), openedAt: ms }).optional().describe('if it is open'),
    trialUntil: ms.optional().describe('until then, trouble brings back the previous release'),
    watchPausedUntil: ms.nullable().optional().describe('null: until somebody resumes it'),
  }),
);

const version = z
  .string()
  .regex(/^[\w-]{8}\.[\w-]{12}\.[0-9]{1,15}$/, 'send the "version" of an answer, as it was')
  .optional()
  .describe('the `version` of the answer before: only what has changed since then is sent');

export const overviewRoute: Route = route({
  method: 'GET',
  path: '/overview',
  action: 'own',
  tag: 'environments',
  summary: 'All environments that the caller may see, each at a glance; or those that have changed',
  query: z.object({ since: version }),
  answer: z.object({
    version: z.string(),
    whole: z.boolean().describe('these are all of them'),
    complete: z.boolean().describe('false while some environments have not been read yet'),
    tiles: z.array(tile),
    gone: z.array(place),
  }),
  handle: ({ overview, caller, query }) => overview.changes(caller, query.since),
});
