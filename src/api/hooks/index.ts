import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actingFor, type DirectClient } from '../../client';
import { requestOf } from '../../client/place';
import { largestHook, type HookDelivery, type HookVerdict } from '../../model/hooks';
import { isName } from '../../model/names';
import type { Place } from '../../workflows/messages';
import { requestIdOf } from '../body';
import { problemResponses, responseOf, ruleOf } from '../description';
import type { ApiMetrics } from '../metrics';
import { ApiProblem } from '../problems';
import { whileReachable } from '../reach';
import { name, place, type Route, type Services } from '../route';
import { BlockedAddresses } from './blocked-addresses';
import { deliveryOf } from './delivery';
import { TriggerDirectory, type KnownTrigger } from './directory';
import { Slots } from './slots';

/** How a request to a trigger was answered, for the metrics. */
export type HookResult =
  | 'deployed'
  | 'replayed'
  | 'ignored'
  | Extract<HookVerdict, { verdict: 'refused' }>['reason']
  | 'unknown'
  | 'unsigned'
  | 'content_type'
  | 'too_large'
  | 'blocked';

const answer = z.object({
  result: z.enum(['deployed', 'replayed', 'ignored']),
  id: z.string().optional().describe('of the deployment; the same for each repetition of a delivery'),
  message: z.string().optional().describe('why nothing is deployed'),
});

/** The address of triggers, beside the API. */
export const hookRoute = {
  method: 'POST',
  path: '/hooks/:stack/:environment/:trigger',
  action: 'hook',
  tag: 'hooks',
  summary: 'Takes a delivery of a forge, a registry or a program, for a trigger of the stack file',
  params: place.extend({ trigger: name('trigger') }),
  answer,
} as const satisfies Partial<Omit<Route, 'action'>> & { action: 'hook' };

const contentTypes = ['application/json', 'application/cloudevents+json'];
const verifying = { parallel: 8, waiting: 64, waitMs: 5000 };

interface Expected {
  place: Place;
  trigger: KnownTrigger;
  delivery: Omit<HookDelivery, 'body'>;
}

declare module 'fastify' {
  interface FastifyRequest {
    hook?: Expected;
  }
}

/**
 * Adds the address of triggers. Whoever sends has no token: the secret of the trigger decides, which only workers can
 * open. Requests without a chance are refused before their body is read.
 */
export async function addHooks(
  app: FastifyInstance,
  { client, access }: Services,
  metrics: ApiMetrics,
  onFailure: (error: Error) => void,
): Promise<void> {
  const directory = new TriggerDirectory(client);
  const blocked = new BlockedAddresses();
  const slots = new Slots(verifying, () => metrics.countHook('busy'));
  const reaching = <T>(work: () => Promise<T>) => whileReachable(() => access.check(), work);
  const refuse = (result: HookResult, problem: ApiProblem = unknown()): never => {
    metrics.countHook(result);
    throw problem;
  };

  const expect = async (request: FastifyRequest): Promise<void> => {
    if (blocked.isBlocked(request.ip)) refuse('blocked', new ApiProblem('too_many', 'too many wrong signatures'));
    if (!hasContentType(request))
      refuse('content_type', new ApiProblem('bad_input', `the content type must be ${contentTypes[0]}`));
    if (Number(request.headers['content-length'] ?? 0) > largestHook)
      refuse('too_large', new ApiProblem('too_large', `the body is larger than ${largestHook} bytes`));
    const { stack, environment, trigger: wanted } = request.params as Record<string, string>;
    const where = { stack: stack!, environment: environment! };
    const isNamed = isName('stack', stack) && isName('environment', environment) && isName('trigger', wanted);
    const trigger = isNamed ? await reaching(() => directory.find(where, wanted)) : undefined;
    if (!trigger) return refuse('unknown');
    const delivery = deliveryOf(request, where, trigger);
    if (!delivery) return refuse('unsigned');
    request.hook = { place: where, trigger, delivery };
  };

  const take = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { place: where, trigger, delivery } = request.hook!;
    const body = (request.body as Buffer).toString('base64');
    const verdict = await slots.run(() =>
      reaching(() => client.readHook(where, trigger.release, trigger.name, { ...delivery, body })),
    );
    if (verdict.verdict === 'refused') return refuseBy(verdict, request);
    blocked.trust(request.ip);
    const result =
      verdict.verdict === 'ignored'
        ? { result: 'ignored' as const, message: verdict.message }
        : await actingFor(authorOf(trigger.name, where, request.ip), () =>
            reaching(() => deploy(client, where, trigger.name, verdict)),
          );
    metrics.countHook(result.result);
    return reply.code(202).send(result);
  };

  const refuseBy = ({ reason, message }: Extract<HookVerdict, { verdict: 'refused' }>, { ip }: FastifyRequest) => {
    if (reason === 'signature' && blocked.strike(ip))
      onFailure(new Error(`${ip} is blocked for ten minutes: it has sent many requests with a wrong signature`));
    if (reason === 'secret') onFailure(new Error(message));
    return refuse(
      reason,
      reason === 'stale' || reason === 'malformed' ? new ApiProblem('bad_input', message) : unknown(),
    );
  };

  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(contentTypes, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.addHook('onRequest', expect);
    scope.addHook('onError', async (_request, _reply, error) => {
      if (error.statusCode === 413) metrics.countHook('too_large');
    });
    const { path, action, summary, tag, params } = hookRoute;
    scope.post(
      path,
      {
        config: { action },
        bodyLimit: largestHook,
        schema: {
          operationId: 'deliverHook',
          summary,
          description: ruleOf(action),
          tags: [tag],
          security: [],
          params,
          querystring: z.object({ secret: z.string().optional().describe('of senders that cannot sign: Docker Hub') }),
          body: z.any().describe('the delivery, as its sender makes it; at most 1 MiB'),
          response: { ...responseOf({ status: 202, answer }), ...problemResponses(path) },
        },
      },
      take,
    );
  });
}

/** The same answer for a trigger that does not exist, and a signature that is wrong. */
function unknown(): ApiProblem {
  return new ApiProblem('unauthenticated', 'there is no such trigger, or the request is not signed with its secret');
}

function hasContentType({ headers }: FastifyRequest): boolean {
  const [type = ''] = (headers['content-type'] ?? '').split(';');
  return contentTypes.includes(type.trim().toLowerCase());
}

/** A trigger is an operator of its own environment, and of no other one. */
function authorOf(trigger: string, { stack, environment }: Place, from: string) {
  const roleOn = (target: Place) =>
    target.stack === stack && target.environment === environment ? ('operator' as const) : undefined;
  return { by: `hook ${trigger}`, from, roleOn };
}

/** Requests the deployment of a delivery, or finds the one that it has requested before. */
async function deploy(
  client: DirectClient,
  where: Place,
  trigger: string,
  { delivery, message, commit, images, services }: Extract<HookVerdict, { verdict: 'deploy' }>,
): Promise<z.output<typeof answer>> {
  const requestId = requestIdOf('hook', `${trigger}\n${delivery}`);
  const before = await client.requested(where, { requestId });
  if (before) return { result: 'replayed', id: requestOf(before.id) };
  const event = { ...(commit !== undefined && { commit }), ...(images && { images }) };
  const options = { requestId, automatic: true, reason: message, ...(services && { services }) };
  const handle = await client.redeployFor(event, where, options);
  return { result: 'deployed', id: requestOf(handle.id) };
}
