import { z } from 'zod';
import type { DeploymentHandle, DirectClient } from '../../client';
import { requestOf } from '../../client/place';
import type { Stack } from '../../model/stack';
import { steer, type Place } from '../../workflows/messages';
import { isShallow } from '../body';
import { ApiProblem } from '../problems';
import { done, name, route, type Route } from '../route';
import { complete, deploymentParams, find, reason, tag } from './deployment-of';
import { lastReleaseIfAny } from './release-of';

/** What people do with a deployment that runs. */

export const steeringRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/deployments/:deployment/steering',
    repeated: 'key',
    action: 'deployment.steer',
    tag,
    summary: 'Approves, rejects, promotes, pauses, resumes, aborts or retries a deployment',
    params: deploymentParams,
    body: z.object({ action: z.enum(steer.fields.action.oneOf), service: name('service').optional(), reason }),
    ...done,
    handle: async ({ client, params, body, caller, requestId }) =>
      (await find(client, params)).steer({ ...body, by: caller.subject }, requestId),
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/deployments/:deployment/answers',
    repeated: 'effect',
    action: 'deployment.steer',
    tag,
    summary: 'Answers the question that a deployment waits for',
    params: deploymentParams,
    body: z.object({ question: z.string().min(1).max(200), answer: z.string().min(1).max(200) }),
    ...done,
    handle: async ({ client, params, body, caller }) => {
      const handle = await find(client, params);
      if (await isAsked(handle, body)) await handle.answer(body.question, body.answer, caller.subject);
    },
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/deployments/:deployment/cancellation',
    repeated: 'effect',
    action: 'deployment.steer',
    tag,
    summary: 'Cancels a deployment, which rolls back; running jobs finish first, unless killJobs is set',
    params: deploymentParams,
    body: z.object({ killJobs: z.boolean().default(false) }),
    answer: z.object({
      ending: z.string().describe('over, ended, answered, unserved or terminated'),
      settling: z.string().optional().describe('the deployment that undoes what a terminated one had begun'),
    }),
    handle: async ({ client, params, body, caller }) => {
      const handle = await find(client, params);
      const ending = await handle.end(caller.subject, { killJobs: body.killJobs });
      const settling = ending === 'terminated' ? await settle(client, handle.place, caller.subject) : undefined;
      return { ending, ...(settling && { settling: requestOf(settling.id) }) };
    },
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/deployments/:deployment/amendments',
    repeated: 'key',
    action: 'deployment.steer',
    tag,
    summary: 'Continues a deployment that waits after a failure, with new definitions of services',
    params: deploymentParams,
    body: z.object({
      services: z
        .array(z.looseObject({ name: name('service') }))
        .min(1)
        .max(5000)
        .refine(isShallow, { error: 'is nested too deeply', abort: true }),
      reason,
    }),
    ...done,
    handle: async ({ client, params, body, caller, requestId }) => {
      const handle = await find(client, params);
      const { stack: of, environment } = params;
      const services = Object.fromEntries(body.services.map((service) => [service.name, service]));
      const whole = { name: of, environment, services, secrets: {}, networks: {}, volumes: {} };
      const completed = await complete(client, whole as unknown as Stack);
      const amended = Object.values(completed.services);
      await handle.amend({ services: amended, by: caller.subject, reason: body.reason }, requestId);
    },
  }),
];

/** False if it was answered in this way before. @throws ApiProblem unless the deployment waits for this answer */
async function isAsked(
  handle: DeploymentHandle,
  { question: id, answer }: { question: string; answer: string },
): Promise<boolean> {
  const { question, answered } = await handle.progress();
  if (answered?.question === id && answered.answer === answer) return false;
  if (question?.id !== id) throw new ApiProblem('refused', `the deployment does not ask the question ${id}`);
  if (!question.answers.includes(answer))
    throw new ApiProblem('refused', `"${answer}" is not an answer to "${question.text}"`, {
      advice: `answer ${question.answers.join(', or ')}`,
    });
  return true;
}

/** Undoes what a terminated deployment had begun; where no release is kept, the next deployment does. */
async function settle(client: DirectClient, where: Place, by: string): Promise<DeploymentHandle | undefined> {
  const release = await lastReleaseIfAny({ client, params: where });
  return release && client.settle(release.stack, by);
}
