import { z } from 'zod';
import { cronProblem } from '../../model/schedule/cron';
import { longestReason } from '../../model/text';
import { answerOf, done, moment, name, named, place, route, type Route } from '../route';
import { ms as milliseconds, time } from './answers';

/** Recurring deployments, restarts and jobs. */

const tag = 'schedules';
const inSchedule = place.extend({ schedule: name('schedule') });
const scheduled = answerOf({
  name: z.string(),
  cron: z.array(z.string()),
  everyMs: milliseconds.optional(),
  timeZone: z.string(),
  what: answerOf({ kind: z.string() }),
});
const fields = {
  spec: scheduled,
  source: z.string(),
  paused: z.boolean(),
  note: z.string().optional(),
  next: z.array(time),
};
const view = named('Schedule', answerOf(fields));
const run = answerOf({
  at: time,
  workflowId: z.string(),
  end: answerOf({ outcome: z.string(), deployment: z.int().optional(), message: z.string().optional() }).optional(),
});

const cron = z
  .string()
  .max(200)
  .refine((text) => cronProblem(text) === undefined, 'is not a cron expression');
/** A year. */
const longestMs = 366 * 24 * 3_600_000;
const ms = z.int().min(0).max(longestMs);

const spec = z.object({
  name: name('schedule'),
  cron: z.array(cron).max(100).default([]),
  everyMs: ms.min(1000).optional(),
  timeZone: z.string().min(1).max(100).default('UTC'),
  jitterMs: ms.default(0),
  overlap: z.enum(['skip', 'buffer_one', 'cancel_other']).default('skip'),
  catchupMs: ms.default(3_600_000).describe('the oldest missed run that is made up for'),
  what: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('deploy') }),
      z.object({ kind: z.literal('restart'), services: z.array(name('service')).min(1).max(5000) }),
      z.object({ kind: z.literal('run'), job: name('service') }),
    ])
    .default({ kind: 'deploy' }),
});

export const scheduleRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/schedules',
    action: 'schedules.read',
    tag,
    summary: 'The schedules of an environment with their next times',
    params: place,
    answer: z.object({ schedules: z.array(view), unreadable: z.array(z.string()) }),
    handle: ({ client, params }) => client.schedules.list(params),
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/schedules',
    repeated: 'key',
    action: 'schedules.write',
    tag,
    summary: 'Creates a schedule: deployments with fresh images, restarts, or runs of a job',
    params: place,
    body: spec.refine(({ cron: times, everyMs }) => times.length > 0 || everyMs !== undefined, 'give cron or everyMs'),
    ...done,
    handle: ({ client, params, body, requestId }) => client.schedules.create(params, body, requestId),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/schedules/:schedule',
    action: 'schedules.read',
    tag,
    summary: 'A schedule with its next times and its last runs',
    params: inSchedule,
    answer: answerOf({ ...fields, runs: z.array(run) }),
    handle: ({ client, params }) => client.schedules.describe(params, params.schedule),
  }),
  route({
    method: 'PUT',
    path: '/environments/:stack/:environment/schedules/:schedule/pause',
    action: 'schedules.write',
    tag,
    summary: 'Pauses a schedule',
    params: inSchedule,
    body: z.object({ reason: z.string().min(1).max(longestReason).optional() }).nullish(),
    ...done,
    handle: ({ client, params, body }) => client.schedules.pause(params, params.schedule, body?.reason),
  }),
  route({
    method: 'DELETE',
    path: '/environments/:stack/:environment/schedules/:schedule/pause',
    action: 'schedules.write',
    tag,
    summary: 'Resumes a schedule',
    params: inSchedule,
    ...done,
    handle: ({ client, params }) => client.schedules.resume(params, params.schedule),
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/schedules/:schedule/runs',
    repeated: 'key',
    action: 'schedules.write',
    tag,
    summary: 'Runs a schedule now, in addition to its times',
    params: inSchedule,
    ...done,
    handle: ({ client, params, requestId }) => client.schedules.trigger(params, params.schedule, requestId),
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/schedules/:schedule/backfills',
    repeated: 'key',
    action: 'schedules.write',
    tag,
    summary: 'Runs a schedule for each of its times in a past period, one after the other',
    params: inSchedule,
    body: z.object({ from: moment, to: moment }).refine(({ from, to }) => from < to, 'from must be before to'),
    ...done,
    handle: ({ client, params, body: { from, to }, requestId }) =>
      client.schedules.backfill(params, params.schedule, from, to, requestId),
  }),
  route({
    method: 'DELETE',
    path: '/environments/:stack/:environment/schedules/:schedule',
    action: 'schedules.write',
    tag,
    summary: 'Deletes a schedule',
    params: inSchedule,
    ...done,
    handle: ({ client, params }) => client.schedules.delete(params, params.schedule),
  }),
];
