import type { DeploymentHandle } from '../../src/client/deployment-handle';
import type { ProgressEvent, StepEventCode } from '../../src/model/events';

type Wanted = (event: ProgressEvent) => boolean;

/** Whether an event says this of a step whose title begins so. */
export const step =
  (code: StepEventCode, title: string): Wanted =>
  (event) =>
    event.code === code && event.step.title.startsWith(title);

/** Whether an event is a note that begins so. */
export const note =
  (message: string): Wanted =>
  (event) =>
    event.code === 'deployment.noted' && event.data.message.startsWith(message);

/** Whether a step waits for the platform, with these words. */
export const delayed =
  (message: string | RegExp): Wanted =>
  (event) =>
    event.code === 'step.delayed' && new RegExp(message).test(event.data.message);

export const notesOf = (events: readonly ProgressEvent[]): string[] =>
  events.flatMap((event) => (event.code === 'deployment.noted' ? [event.data.message] : []));

/** Resolves at the first event that fits. */
export async function reached(handle: DeploymentHandle, wanted: Wanted): Promise<void> {
  for await (const { events } of handle.watch()) if (events.some(wanted)) return;
  throw new Error(`the deployment ended without ${wanted.toString()}`);
}
