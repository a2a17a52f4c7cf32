import { z } from 'zod';
import { placeKey } from '../../client/place';
import { summaryOf } from '../../client/history/releases';
import type { EnvironmentState } from '../../workflows/messages';
import { may } from '../access/authorise';
import { auditPage, auditQuery, next, pageOf, pageQuery } from '../pages';
import { ApiProblem, orNotFound } from '../problems';
import { answerOf, named, place, route, type Route } from '../route';
import {
  auditFields,
  deploymentResult,
  environment,
  ms,
  place as environmentName,
  queueFields,
  release,
  time,
} from './answers';
import { lastRelease } from './release-of';

/** Environments: their state, releases and records. */

const tag = 'environments';

const laterFailure = answerOf({
  deployment: z.int(),
  outcome: z.string(),
  endedAt: time.optional(),
  result: deploymentResult.optional(),
});
const certificate = named(
  'Certificate',
  answerOf({
    hosts: z.array(z.string()),
    directory: z.string(),
    current: answerOf({ hosts: z.array(z.string()), issuer: z.string(), notBefore: ms, notAfter: ms }).optional(),
    renewAt: ms.optional(),
    trouble: answerOf({ message: z.string(), since: ms, retryAt: ms }).optional(),
  }),
);
const loadBalancer = answerOf({
  shared: answerOf({
    ports: z.array(z.int()),
    routes: z.array(answerOf({ port: z.int(), host: z.string(), path: z.string() })),
  }).optional(),
  certificate: certificate.optional(),
});

export const environmentRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/environments',
    action: 'own',
    tag,
    summary: 'The environments that the caller may see',
    query: pageQuery(200),
    answer: z.object({ environments: z.array(environmentName), ...next }),
    handle: async ({ client, caller, query }) => {
      const seen = (await client.environments()).filter((each) => may(caller, 'environment.read', each));
      const { page, ...more } = pageOf(seen, placeKey, query);
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
    answer: environment,
    handle: async ({ client, params }) => {
      const state = await client.environment(params);
      if (state) return stateView(state);
      throw new ApiProblem('not_found', `nothing was ever deployed in ${params.stack}/${params.environment}`);
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/queue',
    action: 'environment.read',
    tag,
    summary: 'The running deployment and the waiting ones, and what holds them',
    params: place,
    answer: answerOf(queueFields),
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
    answer: loadBalancer,
    handle: ({ client, params }) => client.loadBalancer(params),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/later-failure',
    action: 'environment.read',
    tag,
    summary: 'The last deployment, if it failed: what runs is then older than what was asked for last',
    params: place,
    answer: z.object({ failure: laterFailure.optional() }),
    handle: async ({ client, params }) => {
      const state = await client.environment(params);
      return { failure: state && (await client.laterFailure(params, state)) };
    },
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
    path: '/environments/:stack/:environment/audit',
    action: 'audit.read',
    tag,
    summary: 'The last records of the audit trail, which is verified',
    params: place,
    query: auditQuery,
    answer: answerOf({ ...auditFields, ...next }),
    handle: async (call) => {
      const { stack } = await lastRelease(call);
      return auditPage(call.query, (last, before) => call.client.audit(stack, last, before));
    },
  }),
];

/** Acts that wait to be recorded are left out: they belong to the audit trail. */
export function stateView({ acts: _acts, ...state }: EnvironmentState): Omit<EnvironmentState, 'acts'> {
  return state;
}
