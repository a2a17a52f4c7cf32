import { proxySinks, type Sinks } from '@temporalio/workflow';
import type { Outcome, Place } from '../messages';
import type { IntentKind } from '../../plan/plan';

/** What deployments tell those who listen: metrics and logs today, notifications later. */
export type EngineEvent = DeploymentEvent | HostEvent;

/** How deployments fare with a host. */
export interface HostEvent {
  type: 'host.reported';
  host: string;
  /** Deployments in a row that have failed by it. */
  failures: number;
  /** Its circuit breaker. */
  open: boolean;
  message?: string;
}

export type DeploymentEvent = Place & { deployment: number } & (
    | { type: 'deployment.started'; intent: IntentKind; requestedBy: string; reason?: string }
    | { type: 'deployment.finished'; intent: IntentKind; outcome: Outcome; durationMs: number; message?: string }
    | { type: 'phase.finished'; phase: number; durationMs: number }
    | { type: 'step.finished'; step: string; kind: string; service?: string; phase?: number; durationMs: number }
    | { type: 'step.failed'; step: string; kind: string; service?: string; phase?: number; message: string }
    | { type: 'platform.trouble'; step: string; message: string }
    | { type: 'rollback.finished'; complete: boolean; durationMs: number }
    | { type: 'breaker.changed'; open: boolean; failures: number }
    | WatchEvent
  );

/** What is seen and done between deployments. */
export type WatchEvent =
  | { type: 'module.health_changed'; service: string; instance: string; healthy: boolean; message?: string }
  | { type: 'drift.changed'; drift: string[] }
  | { type: 'watch.acted'; action: 'restart' | 'repair' | 'rollback'; instance?: string; message: string };

export interface EngineSinks extends Sinks {
  events: { emit(event: EngineEvent): void };
}

export const { events } = proxySinks<EngineSinks>();
