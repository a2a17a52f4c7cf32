import { z } from 'zod';
import type { DeploymentResult, Place, ProgressEvent } from '../../workflows/messages';

/** Within a version, fields may be added, but never removed or redefined. */
const version = 1;

const count = z.number().int().nonnegative();
const step = z
  .strictObject({
    id: z.string().describe('Identity of the step in every plan of the deployment: `api/start/1`.'),
    title: z.string().describe('A sentence for people: `start api-1 (ghcr.io/acme/api:1.6.0)`.'),
    service: z.string().optional().describe('Service of the step.'),
    phase: count.optional().describe('Phase of the plan; absent in a rollback and a cleanup.'),
  })
  .describe('Step of the event.');
const durationMs = count.describe('Duration in ms.');
const message = z.string().describe('A sentence for people.');

const common = {
  version: z.literal(version).describe('Version of this schema.'),
  at: z.iso.datetime().describe('Time of the event.'),
  stack: z.string().describe('Name of the stack.'),
  environment: z.string().describe('Name of the environment.'),
  deployment: count.optional().describe('Number of the deployment; absent while it waits in the queue.'),
};
const numbered = { ...common, sequence: count.describe('Number of the event within the deployment, from 1.') };

/** Schema of the lines that `deploy --json` and `status N --watch --json` print. */
export const event = z.discriminatedUnion('code', [
  z
    .strictObject({
      code: z.literal('deployment.status_changed'),
      ...numbered,
      data: z.strictObject({
        status: z.string().describe('Such as `planning`, `deploying`, `waiting` (for a person), `rolling_back`.'),
      }),
    })
    .describe('The deployment entered another stage.'),
  z
    .strictObject({ code: z.literal('deployment.noted'), ...numbered, data: z.strictObject({ message }) })
    .describe('A note for people.'),
  z
    .strictObject({ code: z.literal('step.started'), ...numbered, step, data: z.strictObject({}) })
    .describe('A step started.'),
  z
    .strictObject({ code: z.literal('step.finished'), ...numbered, step, data: z.strictObject({ durationMs }) })
    .describe('A step succeeded.'),
  z
    .strictObject({ code: z.literal('step.delayed'), ...numbered, step, data: z.strictObject({ message }) })
    .describe('The platform is unavailable; the step waits for it.'),
  z
    .strictObject({
      code: z.literal('step.failed'),
      ...numbered,
      step,
      data: z.strictObject({ message, durationMs: durationMs.optional() }),
    })
    .describe('A step failed, and is not retried.'),
  z
    .strictObject({
      code: z.literal('deployment.detached'),
      ...common,
      data: z.strictObject({
        workflowId: z.string().describe('Workflow ID; identifies the deployment while it has no number.'),
        status: z.string().optional().describe('Its status at that moment.'),
        behind: count.optional().describe('Number of the deployment that it waits for.'),
      }),
    })
    .describe('Last line of `--detach`, and after Ctrl-C: the deployment continues.'),
  z
    .strictObject({
      code: z.literal('deployment.finished'),
      ...common,
      data: z
        .looseObject({
          outcome: z.string().describe('`succeeded`, `unchanged`, `refused`, `rolled_back`, …'),
          exitCode: count.describe('Exit code of the command.'),
        })
        .describe('The result; its other fields are in [deploying.md](deploying.md#for-programs).'),
    })
    .describe('Last line: the deployment ended.'),
]);
export type Event = z.infer<typeof event>;

/** The deployment of an event. */
export interface EventSource {
  place: Place;
  deployment?: number;
}

export function toEvent(
  { sequence, at, kind, state, text, step: id, title, service, phase, durationMs: took }: ProgressEvent,
  source: EventSource,
): Event {
  const numbered = { ...commonOf(source, at), sequence };
  if (kind === 'status') return { code: 'deployment.status_changed', ...numbered, data: { status: text } };
  if (kind === 'note') return { code: 'deployment.noted', ...numbered, data: { message: text } };
  const about = { id: id ?? '', title: title ?? text, service, phase };
  switch (state) {
    case 'done':
      return { code: 'step.finished', ...numbered, step: about, data: { durationMs: took ?? 0 } };
    case 'failed':
      return { code: 'step.failed', ...numbered, step: about, data: { message: text, durationMs: took } };
    case 'trouble':
      return { code: 'step.delayed', ...numbered, step: about, data: { message: text } };
    default:
      return { code: 'step.started', ...numbered, step: about, data: {} };
  }
}

export function finishedEvent(result: DeploymentResult, exitCode: number, source: EventSource): Event {
  return { code: 'deployment.finished', ...commonOf(source, Date.now()), data: { ...result, exitCode } };
}

export function detachedEvent(
  data: { workflowId: string; status?: string; behind?: number },
  source: EventSource,
): Event {
  return { code: 'deployment.detached', ...commonOf(source, Date.now()), data };
}

function commonOf({ place: { stack, environment }, deployment }: EventSource, at: number) {
  return { version, at: new Date(at).toISOString(), stack, environment, deployment } as const;
}
