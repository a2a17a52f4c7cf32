import { z } from 'zod';
import { lastIn } from '../../client/history/releases';
import type { EnvironmentState, Place, ReleaseContents } from '../../workflows/messages';
import { summaryOf } from '../../client/history/releases';
import type { AuditTrail } from '../../model/audit';
import { may } from '../access/authorise';
import { cursorOf, keyIn, next, pageOf, pageQuery } from '../pages';
import { ApiProblem, orNotFound } from '../problems';
import { answerOf, done, moment, name, place, route, type Route, type Services } from '../route';

/** Environments: their state, instances, logs, releases and records. */

const tag = 'environments';
const longestCommand = 1000;

const instance = answerOf({
  service: z.string(),
  ordinal: z.int(),
  name: z.string(),
  state: z.string(),
  health: z.string(),
  image: z.string(),
  restarts: z.int(),
  ports: z.array(z.string()),
  release: z.int(),
});
const away = z.array(answerOf({ host: z.string(), reason: z.string() }));

const release = answerOf({
  release: z.int(),
  deployment: z.int(),
  requestedBy: z.string(),
  reason: z.string().optional(),
  at: z.number().describe('ms since the epoch'),
  variables: z.record(z.string(), z.string()),
  services: z.record(
    z.string(),
    answerOf({ name: z.string(), kind: z.string(), image: z.string().optional(), replicas: z.int() }),
  ),
});

export const environmentRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/environments',
    action: 'own',
    tag,
    summary: 'The environments that the caller may see',
    query: pageQuery(200),
    answer: z.object({ environments: z.array(place), ...next }),
    handle: async ({ client, caller, query }) => {
      const seen = (await client.environments()).filter((each) => may(caller, 'environment.read', each));
      const { page, ...more } = pageOf(seen, ({ stack, environment }) => `${stack}/${environment}`, query);
      return { environments: page, ...more };
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment',
    action: 'environment.read',
    tag,
    summary: 'The state of an environment: release, running and waiting deployments, freeze, breaker, watch',
    params: place,
    answer: answerOf({
      place,
      numbers: z.object({ deployment: z.int(), release: z.int() }),
      current: answerOf({ deployment: z.int(), release: z.int().optional() }).optional(),
      releases: z.array(z.int()),
    }),
    handle: async ({ client, params }) => {
      const state = await client.environment(params);
      if (state) return stateView(state);
      throw new ApiProblem('not_found', `nothing was ever deployed in ${params.stack}/${params.environment}`);
    },
  }),
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
      follow: z.stringbool().default(false).describe('as text, application/x-ndjson or text/event-stream, by Accept'),
      since: moment.optional().describe('of a stream: lines since then'),
      after: z.string().min(1).max(6000).optional().describe('of a stream: the id of the last message that you have'),
    }),
    follow: ({ follow, services, tail, since, after }, params) =>
      follow
        ? {
            topic: { kind: 'logs', place: params, services: namesIn(services) },
            from: { tail, ...(since && { since: since.getTime() }), ...(after !== undefined && { after }) },
            types: ['text/plain', 'application/x-ndjson', 'text/event-stream'],
          }
        : undefined,
    answer: z.object({ logs: z.array(answerOf({ lines: z.array(z.string()) })), away }),
    handle: async (call) => {
      const { services, tail } = call.query;
      const { stack } = await currentRelease(call);
      const { found, away: missing } = await call.client.logs(stack, knownServices(services, stack.services), tail);
      return { logs: found, away: missing };
    },
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/logs',
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
    answer: z.object({ logs: z.array(answerOf({ name: z.string(), lines: z.array(z.string()) })), away }),
    handle: async (call) => {
      const { services, tail, after, times } = call.body;
      const { stack } = await currentRelease(call);
      const { found, away: missing } = await call.client.logs(stack, services, tail, after, times);
      return { logs: found, away: missing };
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/queue',
    action: 'environment.read',
    tag,
    summary: 'The running deployment and the waiting ones, and what holds them',
    params: place,
    answer: answerOf({ queue: z.array(answerOf({})) }),
    handle: async ({ client, params }) => {
      const { running, queue = [], freeze, breaker } = (await client.environment(params)) ?? {};
      return { running, queue, freeze, breaker };
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/load-balancer',
    action: 'environment.read',
    tag,
    summary: 'Ports and names at the shared load balancer, and the state of the certificate',
    params: place,
    answer: answerOf({}),
    handle: ({ client, params }) => client.loadBalancer(params),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/later-failure',
    action: 'environment.read',
    tag,
    summary: 'The last deployment, if it failed: what runs is then older than what was asked for last',
    params: place,
    answer: z.object({ failure: answerOf({ deployment: z.int(), outcome: z.string() }).optional() }),
    handle: async ({ client, params }) => {
      const state = await client.environment(params);
      return { failure: state && (await client.laterFailure(params, state)) };
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/engines',
    action: 'hosts.read',
    tag,
    summary: 'The container engine of each host of the current release',
    params: place,
    answer: z.object({ engines: z.array(answerOf({})), away }),
    handle: async (call) => {
      const { found, away: missing } = await call.client.engines((await currentRelease(call)).stack);
      return { engines: found, away: missing };
    },
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/instances/:instance/exec',
    action: 'instances.exec',
    tag,
    summary: 'Runs a command inside an instance',
    params: place.extend({ instance: z.string().min(1).max(255) }),
    body: z.object({ command: z.array(z.string().min(1).max(longestCommand)).min(1).max(100) }),
    answer: z.object({ exitCode: z.int(), output: z.string() }),
    handle: async (call) =>
      call.client.exec((await currentRelease(call)).stack, call.params.instance, call.body.command),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/releases',
    action: 'environment.read',
    tag,
    summary: 'The kept releases, newest first',
    params: place,
    query: pageQuery(20),
    answer: z.object({ releases: z.array(release), ...next }),
    handle: async ({ client, params, query }) => {
      const state = await client.environment(params);
      const kept = [...(state?.releases ?? [])].sort((one, other) => other - one);
      const { page, ...more } = pageOf(kept, (number) => number, query, true);
      const contents = await Promise.all(page.map((number) => client.release(params, number, state)));
      return { releases: contents.map(summaryOf), ...more };
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/releases/:release',
    action: 'environment.read',
    tag,
    summary: 'A kept release',
    params: place.extend({ release: z.coerce.number().int().min(0).max(1e9) }),
    answer: release,
    handle: ({ client, params }) => orNotFound(client.releaseSummary(params, params.release)),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/hosts',
    action: 'hosts.read',
    tag,
    summary: 'The hosts of the current release with their workers',
    params: place,
    answer: z.object({ hosts: z.array(answerOf({})) }),
    handle: async (call) => ({ hosts: await call.client.hosts((await currentRelease(call)).stack) }),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/volumes',
    action: 'volumes.read',
    tag,
    summary: 'The volumes of the environment',
    params: place,
    answer: z.object({ volumes: z.array(answerOf({ name: z.string(), mountedBy: z.array(z.string()) })), away }),
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
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/audit',
    action: 'audit.read',
    tag,
    summary: 'The last records of the audit trail, which is verified',
    params: place,
    query: z.object({
      last: z.coerce.number().int().min(1).max(1000).default(50).describe('most records of the answer'),
      cursor: pageQuery().shape.cursor,
    }),
    answer: answerOf({ records: z.array(answerOf({ sequence: z.int() })), total: z.int(), ...next }),
    handle: async (call) => {
      const { last, cursor } = call.query;
      const trail = await call.client.audit((await lastRelease(call)).stack, cursor === undefined ? last : mostRecords);
      return recordsBefore(trail, last, cursor);
    },
  }),
];

/** Older records are shown by the command line. */
const mostRecords = 2000;

/** The last records before a cursor, oldest first. @throws ApiProblem if the server does not read as far back */
function recordsBefore(trail: AuditTrail, most: number, cursor: string | undefined) {
  const end = cursor === undefined ? Infinity : Number(keyIn(cursor));
  const records = trail.records.filter(({ sequence }) => sequence < end).slice(-most);
  const first = records[0]?.sequence ?? 0;
  if (cursor !== undefined && records.length < most && first > 1)
    throw new ApiProblem('refused', `the server shows the last ${mostRecords} records only`, {
      advice: '`deploy-code audit` shows all of them',
    });
  return { ...trail, records, ...(first > 1 && { next: cursorOf(first) }) };
}

interface InPlace extends Pick<Services, 'client'> {
  params: Place;
}

/** The release that runs. @throws ApiProblem if there is none */
export async function currentRelease(call: InPlace): Promise<ReleaseContents> {
  const state = await call.client.environment(call.params);
  return releaseIn(call, state, state?.current?.release);
}

/** The release that runs or, after a stop, the last one: volumes and records stay. @throws ApiProblem without one */
async function lastRelease(call: InPlace): Promise<ReleaseContents> {
  const state = await call.client.environment(call.params);
  return releaseIn(call, state, lastIn(state));
}

function releaseIn(
  { client, params }: InPlace,
  state: EnvironmentState | undefined,
  number: number | undefined,
): Promise<ReleaseContents> {
  if (number !== undefined) return client.release(params, number, state);
  const { stack, environment } = params;
  throw new ApiProblem('not_found', `nothing is deployed in ${stack}/${environment}; deploy it first`);
}

/** Acts that wait to be recorded are left out: they belong to the audit trail. */
export function stateView({ acts: _acts, ...state }: EnvironmentState): Omit<EnvironmentState, 'acts'> {
  return state;
}

function namesIn(text: string | undefined): string[] {
  return (text ?? '').split(',').filter(Boolean);
}

/** @throws ApiProblem for a service that the release does not have */
function knownServices(text: string | undefined, services: Record<string, unknown>): string[] {
  const names = namesIn(text);
  const unknown = names.find((each) => !Object.hasOwn(services, each));
  if (unknown === undefined) return names;
  throw new ApiProblem('bad_input', `the current release has no service "${unknown}"`, {
    advice: `it has ${Object.keys(services).join(', ')}`,
  });
}
