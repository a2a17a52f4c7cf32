import type { PlannedPhase, PlannedService, Stage, Step } from './plan';

/** The typical duration of a step, in ms. */
function costOf(step: Step): number {
  switch (step.kind) {
    case 'pull':
      return 5000;
    case 'start':
    case 'revive':
      return 1500;
    case 'run-job':
    case 'test':
      return 2000;
    case 'hold':
      return step.durationMs;
    case 'retire':
    case 'retire-together':
    case 'drain':
      return 600;
    case 'exec':
    case 'attach':
    case 'configure':
      return 300;
    case 'create-volume':
    case 'remove-volume':
      return 20;
    case 'approve':
      return 0;
    default:
      return 100;
  }
}

/** The typical duration of a plan in ms, without approvals. */
export function estimate(phases: readonly PlannedPhase[]): number {
  const longest = (part: (service: PlannedService) => Stage[], services: PlannedService[]) =>
    Math.max(0, ...services.map((service) => part(service).reduce((sum, stage) => sum + stageMs(stage), 0)));
  const deploying = phases.reduce((sum, { services }) => sum + longest(({ stages }) => stages, services), 0);
  return (
    deploying +
    longest(
      ({ tail }) => tail,
      phases.flatMap(({ services }) => services),
    )
  );
}

/** The duration of its longest lane, in ms. */
export function stageMs(stage: Stage): number {
  return Math.max(0, ...stage.map((lane) => lane.reduce((sum, step) => sum + costOf(step), 0)));
}
