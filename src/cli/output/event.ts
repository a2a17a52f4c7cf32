import { z } from 'zod';
import { outcomes, statuses } from '../../model/deployment';
import type { EventData, ProgressCode, ProgressEvent, StepEventCode, StepReference } from '../../model/events';
import type { DeploymentResult, Place } from '../../workflows/messages';

/** Within a version, fields may be added, but never removed or redefined. */
const version = 1;

const count = z.number().int().nonnegative();
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

const step: z.ZodType<StepReference> = z
  .strictObject({
    id: z.string().describe('Identity of the step in every plan of the deployment: `api/start/1`.'),
    kind: z.string().describe('What the step does: `start`, `update`, `route`, …'),
    title: z.string().describe('A sentence for people: `start api-1 (ghcr.io/acme/api:1.6.0)`.'),
    service: z.string().optional().describe('Service of the step.'),
    phase: count.optional().describe('Phase of the plan; absent in a rollback and a cleanup.'),
  })
  .describe('Step of the event.');

/** Typed by the engine's own events: a field that one of them gains must be described here. */
const data: { [C in ProgressCode]: z.ZodType<EventData[C]> } = {
  'deployment.status_changed': z.strictObject({ status: z.enum(statuses).describe('`waiting`: for a person.') }),
  'deployment.noted': z.strictObject({ message }),
  'step.started': z.strictObject({}),
  'step.finished': z.strictObject({ durationMs }),
  'step.delayed': z.strictObject({ message }),
  'step.failed': z.strictObject({ message, durationMs }),
};

const deploymentEvent = <C extends Exclude<ProgressCode, StepEventCode>>(code: C, meaning: string) =>
  z.strictObject({ code: z.literal(code), ...numbered, data: data[code] }).describe(meaning);
const stepEvent = <C extends StepEventCode>(code: C, meaning: string) =>
  z.strictObject({ code: z.literal(code), ...numbered, step, data: data[code] }).describe(meaning);

/** Everything that `deploy --json` and `status N --watch --json` print, by its code. */
export const event = z.discriminatedUnion('code', [
  deploymentEvent('deployment.status_changed', 'The deployment entered another stage.'),
  deploymentEvent('deployment.noted', 'A note for people.'),
  stepEvent('step.started', 'A step started.'),
  stepEvent('step.finished', 'A step succeeded.'),
  stepEvent('step.delayed', 'The platform is unavailable; the step waits for it.'),
  stepEvent('step.failed', 'A step failed, and is not retried.'),
  z
    .strictObject({
      code: z.literal('deployment.detached'),
      ...common,
      data: z.strictObject({
        workflowId: z.string().describe('Workflow ID; identifies the deployment while it has no number.'),
        status: z.enum(statuses).optional().describe('Its status at that moment.'),
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
          outcome: z.enum(outcomes).describe('How the deployment ended.'),
          exitCode: count.describe('Exit code of the command.'),
        })
        .describe('The result; its other fields are in [deploying.md](deploying.md#for-programs).'),
    })
    .describe('Last line: the deployment ended.'),
]);
export type EventLine = z.infer<typeof event>;

/** The deployment that an event comes from. */
export interface EventSource {
  place: Place;
  deployment?: number;
}

export function toLine({ at, ...happened }: ProgressEvent, source: EventSource): EventLine {
  return { ...happened, ...commonOf(source, at) };
}

export function finishedLine(result: DeploymentResult, exitCode: number, source: EventSource): EventLine {
  return { code: 'deployment.finished', ...commonOf(source, Date.now()), data: { ...result, exitCode } };
}

export function detachedLine(
  about: Extract<EventLine, { code: 'deployment.detached' }>['data'],
  source: EventSource,
): EventLine {
  return { code: 'deployment.detached', ...commonOf(source, Date.now()), data: about };
}

function commonOf({ place: { stack, environment }, deployment }: EventSource, at: number) {
  return { version, at: new Date(at).toISOString(), stack, environment, deployment } as const;
}
