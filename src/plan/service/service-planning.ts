import type { Service, Stack } from '../../model/stack';
import type { Followed } from '../followers/followed';
import type { Traffic } from '../traffic/traffic';
import type { ObservationIndex } from '../observation-index';
import type { Change, Intent, PlannedService, ServiceAction, Stage } from '../plan';
import type { PortAllocator } from '../resources/ports';
import type { StepFactory } from '../steps';
import type { AppliedRuns } from './job-runs';

/** Shared input for the plan of one service. */
export interface ServicePlanning {
  stack: Stack;
  known: ObservationIndex;
  followed: Followed;
  intent: Intent;
  deployment: number;
  release: number;
  /** Hash of the last successful run of each job and completed service, as the environment remembers it. */
  jobs: Record<string, string>;
  applied?: AppliedRuns;
  keepsOldChecks?: boolean;
  ports: PortAllocator;
  traffic: Traffic;
  steps: StepFactory;
}

/** The base of a planned service; strategies and jobs add to it. */
export function describe(service: Service, action: ServiceAction, changes: Change[], stages: Stage[]): PlannedService {
  return {
    name: service.name,
    kind: service.kind,
    action,
    replicas: service.replicas,
    changes,
    notes: [],
    interruptionMs: 0,
    superseded: [],
    continueOnFailure: service.onFailure === 'continue',
    beside: false,
    stages,
    tail: [],
  };
}
