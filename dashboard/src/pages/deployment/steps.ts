import type { DeploymentEvent } from '../../api/types';

/** The steps of a deployment, by its events. */

export type StepState = 'started' | 'finished' | 'delayed' | 'failed';

export interface Step {
  id: string;
  title: string;
  service?: string;
  /** Absent in a rollback and a cleanup. */
  phase?: number;
  state: StepState;
  /** Why it failed, or waits. */
  message?: string;
  from: number;
  to?: number;
}

/** A step after an event of it. */
export function stepAfter(before: Step | undefined, { code, at, step, data }: DeploymentEvent): Step {
  const { id, title, service, phase } = step!;
  const state = code.slice('step.'.length) as StepState;
  const { message } = data as { message?: string };
  return {
    id,
    title,
    ...(service !== undefined && { service }),
    ...(phase !== undefined && { phase }),
    state,
    ...((state === 'failed' || state === 'delayed') && message !== undefined && { message }),
    from: before?.from ?? at,
    ...((state === 'finished' || state === 'failed') && { to: at }),
  };
}

export type ServiceState = StepState | 'waiting' | 'kept';

/** How a service stands by its steps. `wanted`: the steps that its plan has. */
export function stateOfService(steps: readonly Step[], wanted: number): ServiceState {
  if (wanted === 0) return 'kept';
  for (const state of ['failed', 'delayed'] as const) if (steps.some((each) => each.state === state)) return state;
  if (steps.length === 0) return 'waiting';
  return steps.length >= wanted && steps.every(({ state }) => state === 'finished') ? 'finished' : 'started';
}
