import type { ProgressEvent, StepEventCode } from '../../../model/events';
import type { ServiceSummary } from '../../../workflows/messages';

interface StepState {
  state: StepEventCode;
  startedAt: number;
  endedAt?: number;
  text: string;
}

export type ServiceState = StepEventCode | 'waiting';

/** The steps of a deployment by its events, and the services by their steps. */
export class StepStates {
  private readonly steps = new Map<string, StepState>();
  /** Times of the first and of the last event. */
  beganAt?: number;
  lastAt = 0;

  take({ code, at, step, data }: ProgressEvent): void {
    this.beganAt ??= at;
    this.lastAt = at;
    if (!step) return;
    this.steps.set(step.id, {
      state: code,
      text: code === 'step.delayed' ? `waits: ${data.message}` : code === 'step.failed' ? data.message : step.title,
      startedAt: this.steps.get(step.id)?.startedAt ?? at,
      endedAt: code === 'step.finished' || code === 'step.failed' ? at : undefined,
    });
  }

  of({ steps }: ServiceSummary): ServiceState {
    const states = steps.map(({ id }) => this.steps.get(id)?.state);
    if (states.includes('step.failed')) return 'step.failed';
    if (states.includes('step.delayed')) return 'step.delayed';
    if (states.length > 0 && states.every((state) => state === 'step.finished')) return 'step.finished';
    return states.some((state) => state !== undefined) ? 'step.started' : 'waiting';
  }

  /** The sentence of the step that a service is at. */
  currentOf({ steps }: ServiceSummary): string {
    const open = steps.map(({ id }) => this.steps.get(id)).filter((step) => step && !step.endedAt);
    return open.at(-1)?.text ?? '';
  }

  /** Why a service failed. */
  failureOf({ steps }: ServiceSummary): string {
    return steps.map(({ id }) => this.steps.get(id)).find((step) => step?.state === 'step.failed')?.text ?? '';
  }

  /** The sentence of the last step that is under way, also of a rollback. */
  get last(): string | undefined {
    return [...this.steps.values()].filter(({ endedAt }) => !endedAt).at(-1)?.text;
  }

  /** How long services took until now, or until they were done; in ms. */
  took(services: readonly ServiceSummary[], now: number): number {
    const all = services.flatMap(({ steps }) => steps.flatMap(({ id }) => this.steps.get(id) ?? []));
    if (all.length === 0) return 0;
    const end = Math.max(...all.map(({ endedAt }) => endedAt ?? now));
    return Math.max(0, end - Math.min(...all.map(({ startedAt }) => startedAt)));
  }
}
