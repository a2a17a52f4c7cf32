import { z } from 'zod';
import { intentKinds } from '../../model/deployment';
import type { Stack } from '../../model/stack';
import { withImages } from '../../model/stack/with-images';
import type { DirectClient, DeploymentHandle, RequestOptions } from '../../client';
import type { HistoryEntry, HistoryPosition } from '../../client/history';
import { requestOf } from '../../client/place';
import { fits } from '../../workflows/messages/shape';
import { inputs } from '../../workflows/messages/shapes';
import type { DeploymentResult, Place } from '../../workflows/messages';
import { digestOf, isShallow } from '../body';
import { cursorOf, keyIn, next, pageQuery } from '../pages';
import { ApiProblem } from '../problems';
import { answerOf, name, named, place, route, type Route } from '../route';
import { deployment, deploymentEntry, deploymentResult, place as environmentName, plan, refusal } from './answers';
import { complete, deploymentParams, find, notRead, reason, tag } from './deployment-of';
import { currentRelease } from './release-of';

/** Deployments: plans, requests and progress. */

const kinds = [...intentKinds, 'redeploy'] as const;
const images = z
  .record(name('service'), name('image'))
  .describe('images of services of the current release, which are deployed as a new one');

/** The stack as a client has read it from its file. Workers check every part of it again. */
const stack = z
  .looseObject({ name: name('stack'), environment: name('environment') })
  .refine(isShallow, { error: 'is nested too deeply', abort: true })
  .refine((value) => fits(value, inputs.inspect.fields.stack), notRead);

const request = named(
  'DeploymentRequest',
  z.object({
    kind: z.enum(kinds).default('deploy'),
    stack: stack.optional().describe('of a deployment from a file: the stack, as a client has read it'),
    images: images.optional(),
    services: z.array(name('service')).max(5000).optional().describe('only these'),
    release: z.int().min(1).max(1e9).optional().describe('of a rollback: the release; default the one before'),
    insteadOf: z.int().min(0).max(1e9).optional().describe('of a rollback: refused unless this release is current'),
    fresh: z.boolean().optional().describe('pulls images again, also those that are on the host'),
    force: z.boolean().optional(),
    whenBusy: z.enum(['queue', 'supersede', 'reject']).optional(),
    reason,
  }),
);
type Requested = z.output<typeof request>;

const started = named('StartedDeployment', z.object({ id: z.string(), place: environmentName }));

export const deploymentRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/plans',
    repeated: 'read',
    action: 'plan.make',
    tag,
    summary: 'What a deployment would do, and why it would be refused; changes nothing',
    params: place,
    body: request,
    answer: answerOf({ plan, refusals: z.array(refusal) }),
    handle: async ({ client, params, body }) => {
      const { kind, release, services, force } = body;
      const options = { ...(services && { services }), ...(force !== undefined && { force }) };
      if (kind !== 'rollback')
        return client.plan((await stackOf(client, params, body)).stack, {
          ...options,
          kind: kind === 'redeploy' ? 'deploy' : kind,
          ...(kind === 'redeploy' && { fresh: true }),
        });
      const target = release ?? (await client.previousRelease(params));
      return client.plan((await client.release(params, target)).stack, { ...options, kind, release: target });
    },
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/deployments',
    repeated: 'key',
    action: 'deployment.request',
    tag,
    summary: 'Requests a deployment',
    params: place,
    body: request,
    answer: started,
    status: 202,
    handle: async ({ client, params, body, keyId }) => {
      const options = optionsOf(body, keyId);
      const earlier = await client.requested(params, options);
      return startedOf(earlier ?? (await start(client, params, body, options)));
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/deployments',
    action: 'environment.read',
    tag,
    summary: 'The deployments of an environment, newest first',
    params: place,
    query: pageQuery(20),
    answer: z.object({ deployments: z.array(deploymentEntry), ...next }),
    handle: async ({ client, params, query: { limit, cursor } }) => {
      const entries = await client.history(params, limit + 1, cursor === undefined ? undefined : entryIn(cursor));
      const page = entries.slice(0, limit);
      return {
        deployments: page.map(({ workflowId, ...entry }) => ({ id: requestOf(workflowId), ...entry })),
        ...(entries.length > limit && { next: cursorOf(keyOf(page.at(-1)!)) }),
      };
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/deployments/:deployment',
    action: 'environment.read',
    tag,
    summary: 'A deployment: its status, its plan and its events',
    params: deploymentParams,
    query: z.object({ since: z.coerce.number().int().min(0).max(1e9).default(0).describe('number of events to skip') }),
    answer: deployment,
    handle: async ({ client, params, query }) => {
      const handle = await find(client, params);
      return { id: requestOf(handle.id), ...(await handle.progress(query.since)) };
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/deployments/:deployment/result',
    action: 'environment.read',
    tag,
    summary: 'How a deployment has ended; waits for the end, at most a minute',
    params: deploymentParams,
    answer: deploymentResult,
    handle: async ({ client, params, stopping }) => resultOf(await find(client, params), stopping),
  }),
];

/** The stream of a deployment's events, which is written while it lasts. */
export const eventsRoute = {
  method: 'GET',
  path: '/environments/:stack/:environment/deployments/:deployment/events',
  action: 'environment.read',
  tag,
  summary: 'The events of a deployment as server-sent events, until it ends; Last-Event-ID resumes',
  params: deploymentParams,
} as const satisfies Partial<Route>;

/** Time in ms that a request waits for the end of a deployment. */
const longestWaitMs = 60_000;

async function resultOf(handle: DeploymentHandle, stopping: AbortSignal): Promise<DeploymentResult> {
  const signal = AbortSignal.any([AbortSignal.timeout(longestWaitMs), stopping]);
  try {
    return await handle.result({ signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new ApiProblem('not_ended', 'the deployment has not ended yet', { advice: 'ask again' });
  }
}

function start(
  client: DirectClient,
  where: Place,
  body: Requested,
  options: RequestOptions,
): Promise<DeploymentHandle> {
  switch (body.kind) {
    case 'deploy':
      return stackOf(client, where, body).then((wanted) =>
        client.deploy(wanted.stack, { ...options, ...wanted.origin }),
      );
    case 'stop':
      return stackOf(client, where, body).then((wanted) => client.stop(wanted.stack, { ...options, ...wanted.origin }));
    case 'redeploy':
      return client.redeploy(where, options);
    case 'rollback':
      return client.rollback(where, { ...options, to: body.release, insteadOf: body.insteadOf });
    case 'restart':
      return client.restart(where, requiredServices(body), options);
    case 'repair':
      return client.repair(where, options);
    case 'run':
      return client.runJob(where, requiredServices(body)[0]!, options);
  }
}

/** The stack of a request: its own, else that of the current release, with other images where it names some. */
async function stackOf(client: DirectClient, where: Place, { stack: given, images: wanted = {} }: Requested) {
  if (given) return { stack: await complete(client, ofPlace(given as unknown as Stack, where)) };
  const { stack: current, release } = await currentRelease({ client, params: where });
  const unknown = Object.keys(wanted).find((service) => !Object.hasOwn(current.services, service));
  if (unknown !== undefined)
    throw new ApiProblem('bad_input', `the current release has no service "${unknown}", so it takes no image`, {
      advice: `it has ${Object.keys(current.services).join(', ')}`,
    });
  return { stack: withImages(current, wanted), origin: { basedOn: release } };
}

/** A permission on one environment must not reach another. */
function ofPlace(given: Stack, { stack: of, environment }: Place): Stack {
  if (given.name === of && given.environment === environment) return given;
  throw new ApiProblem(
    'bad_input',
    `the stack is ${given.name}/${given.environment}, and the address is that of ${of}/${environment}`,
  );
}

function requiredServices({ kind, services = [] }: Requested): string[] {
  if (services.length > 0) return services;
  throw new ApiProblem('bad_input', `${kind} needs the names of services in "services"`);
}

function optionsOf(body: Requested, requestId?: string): RequestOptions {
  const { services, force, whenBusy, fresh, reason: why } = body;
  return {
    ...(fresh && { fresh }),
    ...(services && { services }),
    ...(force !== undefined && { force }),
    ...(whenBusy && { whenBusy }),
    ...(why !== undefined && { reason: why }),
    ...(requestId !== undefined && { requestId, requestDigest: digestOf(body) }),
  };
}

function startedOf(handle: DeploymentHandle): z.output<typeof started> {
  return { id: requestOf(handle.id), place: handle.place };
}

/** When a deployment began and, if it has, ended: their order in the history. */
function keyOf({ workflowId, startedAt, endedAt }: HistoryEntry): string {
  return `${startedAt.getTime()} ${endedAt?.getTime() ?? '-'} ${requestOf(workflowId)}`;
}

/** @throws ApiProblem if the cursor is none of a history */
function entryIn(cursor: string): HistoryPosition {
  const [, started, ended, id] = /^([0-9]{1,15}) ([0-9]{1,15}|-) (\S{1,200})$/.exec(String(keyIn(cursor))) ?? [];
  if (id === undefined) throw new ApiProblem('bad_input', 'this is not a cursor of deployments');
  return { startedAt: Number(started), ...(ended !== '-' && { endedAt: Number(ended) }), request: id };
}
