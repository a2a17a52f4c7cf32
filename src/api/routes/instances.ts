import { z } from 'zod';
import { answerOf, done, flag, moment, name, named, place, route, type Route } from '../route';
import { away } from './answers';
import { currentRelease, lastRelease, requireServices } from './release-of';

/** What runs in an environment: instances, their logs, hosts and volumes. */

const tag = 'environments';
const longestCommand = 1000;

const instance = named(
  'Instance',
  answerOf({
    service: z.string(),
    ordinal: z.int(),
    name: z.string(),
    state: z.string(),
    health: z.string(),
    image: z.string(),
    restarts: z.int(),
    outOfMemory: z.boolean().optional(),
    ports: z.array(z.string()),
    release: z.int(),
    host: z.string().optional(),
  }),
);
const logs = z.array(
  named(
    'InstanceLog',
    answerOf({
      name: z.string(),
      service: z.string().optional(),
      ordinal: z.int().optional(),
      lines: z.array(z.string()),
      cursor: z.string().describe('what comes after it: send it with `after`'),
      unreadable: z.string().optional().describe('why there are none'),
    }),
  ),
);
const volume = named(
  'Volume',
  answerOf({
    name: z.string(),
    unnamed: z.boolean(),
    mountedBy: z.array(z.string()),
    host: z.string().optional(),
  }),
);
const host = named(
  'Host',
  answerOf({
    name: z.string().optional(),
    runtime: z.string(),
    zone: z.string().optional(),
    address: z.string().optional(),
    taskQueue: z.string(),
    workers: z.int(),
    taking: z.array(z.string()).describe('deployments that run on it now'),
    breaker: answerOf({ failures: z.int(), trouble: z.string(), openedAt: z.number().optional() }).optional(),
  }),
);

export const instanceRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/instances',
    action: 'environment.read',
    tag,
    summary: 'The instances of the current release with their health',
    params: place,
    answer: z.object({ instances: z.array(instance), away }),
    handle: async (call) => {
      const { found, away: missing } = await call.client.status((await currentRelease(call)).stack);
      return { instances: found, away: missing };
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/logs',
    action: 'logs.read',
    tag,
    summary: 'The last log lines of services; with follow=true, also those that come, as a stream',
    params: place,
    query: z.object({
      services: z.string().max(4000).optional().describe('names with commas between them; default all'),
      tail: z.coerce.number().int().min(1).max(1000).default(100),
      follow: flag.default(false).describe('as text, application/x-ndjson or text/event-stream, by Accept'),
      since: moment.optional().describe('of a stream: lines since then'),
      after: z.string().min(1).max(6000).optional().describe('of a stream: the id of the last message that you have'),
    }),
    streams: ['text/plain', 'application/x-ndjson', 'text/event-stream'],
    follow: ({ follow, services, tail, since, after }, params) =>
      follow
        ? {
            topic: { kind: 'logs', place: params, services: namesIn(services) },
            from: { tail, ...(since && { since: since.getTime() }), ...(after !== undefined && { after }) },
          }
        : undefined,
    answer: z.object({ logs, away }),
    handle: async (call) => {
      const { services, tail } = call.query;
      const { stack } = await currentRelease(call);
      const { found, away: missing } = await call.client.logs(stack, requireServices(namesIn(services), stack), tail);
      return { logs: found, away: missing };
    },
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/logs',
    repeated: 'read',
    action: 'logs.read',
    tag,
    summary: 'Log lines of services after those of an earlier answer, or of a period; reads, and changes nothing',
    params: place,
    body: z.object({
      services: z.array(name('service')).max(5000).default([]).describe('default all'),
      tail: z.int().min(0).max(10_000).default(100),
      after: z
        .record(z.string().max(255), z.string().max(300))
        .default({})
        .describe('cursors of an earlier answer by the names of instances'),
      times: z
        .object({
          since: z.number().min(0).optional(),
          until: z.number().min(0).optional(),
          shown: z.boolean().optional(),
        })
        .optional()
        .describe('in ms since the epoch; shown: with the time of each line'),
    }),
    answer: z.object({ logs, away }),
    handle: async (call) => {
      const { services, tail, after, times } = call.body;
      const { stack } = await currentRelease(call);
      const { found, away: missing } = await call.client.logs(stack, services, tail, after, times);
      return { logs: found, away: missing };
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/engines',
    action: 'hosts.read',
    tag,
    summary: 'The container engine of each host of the current release',
    params: place,
    answer: z.object({ engines: z.array(answerOf({ host: z.string(), engine: z.string().optional() })), away }),
    handle: async (call) => {
      const { found, away: missing } = await call.client.engines((await currentRelease(call)).stack);
      return { engines: found, away: missing };
    },
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/instances/:instance/exec',
    repeated: 'key',
    action: 'instances.exec',
    tag,
    summary: 'Runs a command inside an instance',
    params: place.extend({ instance: z.string().min(1).max(255) }),
    body: z.object({ command: z.array(z.string().min(1).max(longestCommand)).min(1).max(100) }),
    answer: z.object({
      exitCode: z.int(),
      output: z.string().describe('at most 256 KiB; a session passes on more'),
      isCut: z.boolean().optional().describe('there was more output'),
    }),
    handle: async (call) => {
      const { client, params, body, requestId } = call;
      const { stack } = await currentRelease(call);
      return client.exec(stack, params.instance, body.command, { requestId });
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/hosts',
    action: 'hosts.read',
    tag,
    summary: 'The hosts of the current release with their workers',
    params: place,
    answer: z.object({ hosts: z.array(host) }),
    handle: async (call) => ({ hosts: await call.client.hosts((await currentRelease(call)).stack) }),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/volumes',
    action: 'volumes.read',
    tag,
    summary: 'The volumes of the environment',
    params: place,
    answer: z.object({ volumes: z.array(volume), away }),
    handle: async (call) => {
      const { found, away: missing } = await call.client.volumes((await lastRelease(call)).stack);
      return { volumes: found, away: missing };
    },
  }),
  route({
    method: 'DELETE',
    path: '/environments/:stack/:environment/volumes/:volume',
    action: 'volumes.delete',
    tag,
    summary: 'Deletes a volume and its data; refused while an instance mounts it',
    params: place.extend({ volume: name('volume') }),
    ...done,
    handle: async (call) => call.client.removeVolume((await lastRelease(call)).stack, call.params.volume),
  }),
];

function namesIn(text: string | undefined): string[] {
  return (text ?? '').split(',').filter(Boolean);
}
