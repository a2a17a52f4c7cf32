import type { Cause, IntentKind, Outcome, Status } from './deployment';

/**
 * The one vocabulary for everything the engine reports. Progress queries, `--json`, subscribers, metrics and logs
 * all consume these events; docs/events.md and docs/subscribers.md describe the ones that leave the engine.
 */
export interface EventData {
  /** `commit`: of the source, if a trigger has requested it. */
  'deployment.started': {
    intent: IntentKind;
    requestedBy: string;
    reason?: string;
    target?: number;
    commit?: string;
  };
  'deployment.status_changed': { status: Status };
  /** A note for people. */
  'deployment.noted': { message: string };
  /** A person has to decide: an approval, a question, or what to do about a failure. */
  'deployment.waiting': {
    message: string;
    answers?: string[];
    service?: string;
    timeoutMs?: number;
    otherwise?: string;
    cause?: Cause;
  };
  'deployment.finished': {
    outcome: Outcome;
    intent: IntentKind;
    requestedBy: string;
    reason?: string;
    /** Release that runs now. */
    release?: number;
    cause?: Cause;
    changed: string[];
    leftBehind: string[];
    notUndone: string[];
    durationMs: number;
    /** Of the source, if a trigger has requested it. */
    commit?: string;
  };
  'phase.finished': { phase: number; durationMs: number };
  'step.started': object;
  'step.finished': { durationMs: number };
  /** The platform is unavailable; the step waits for it. */
  'step.delayed': { message: string };
  'step.failed': { message: string; durationMs: number };
  'rollback.finished': { complete: boolean; durationMs: number };
  'performance.threshold_exceeded': { service?: string; step?: string; failed: string[]; seen: string[] };
  'breaker.changed': { open: boolean; failures: number };
  'module.health_changed': { service: string; instance: string; healthy: boolean; message?: string };
  'drift.changed': { drift: string[] };
  'watch.acted': { action: 'restart' | 'repair' | 'rollback'; instance?: string; message: string };
}

export type EventCode = keyof EventData;
export type StepEventCode = Extract<EventCode, `step.${string}`>;

/** The step that an event is about. */
export interface StepReference {
  /** The same in every plan of the deployment: `api/start/1`. */
  id: string;
  /** What the step does: `start`, `update`, `route`, … */
  kind: string;
  /** A sentence for people: `start api-1 (ghcr.io/acme/api:1.6.0)`. */
  title: string;
  service?: string;
  /** Phase of the plan; absent in a rollback and a cleanup. */
  phase?: number;
}

/** An event without its time and place. */
export type Happening<Code extends EventCode = EventCode> = {
  [C in Code]: { code: C; data: EventData[C] } & (C extends StepEventCode
    ? { step: StepReference }
    : { step?: undefined });
}[Code];

/** An event of an environment. */
export type Event<Code extends EventCode = EventCode> = Happening<Code> & {
  /** In ms since the epoch. */
  at: number;
  stack: string;
  environment: string;
  /** Number of the deployment; 0 while it has none. */
  deployment: number;
};

/** How reliable a host is for deployments. A host belongs to no environment. */
export interface HostEvent {
  code: 'host.reported';
  at: number;
  data: {
    host: string;
    /** Consecutive deployments that failed because of it. */
    failures: number;
    /** Whether its circuit breaker is open. */
    open: boolean;
    message?: string;
  };
}

/** Events that the progress of a deployment keeps, in order. */
export const progressCodes = [
  'deployment.status_changed',
  'deployment.noted',
  'step.started',
  'step.finished',
  'step.delayed',
  'step.failed',
] as const satisfies readonly EventCode[];
export type ProgressCode = (typeof progressCodes)[number];

/** An event of the deployment whose progress is read. `sequence` counts from 1. */
export type ProgressEvent = Happening<ProgressCode> & { sequence: number; at: number };

export function isProgress(happening: Happening): happening is Happening<ProgressCode> {
  return (progressCodes as readonly EventCode[]).includes(happening.code);
}
