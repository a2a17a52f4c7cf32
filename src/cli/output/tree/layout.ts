import { acts } from '../../../plan/plan';
import type { PlanSummary, ServiceSummary } from '../../../workflows/messages';
import { paint } from '../terminal';
import { counted, cutMiddle, seconds } from '../words';
import type { ServiceState, StepStates } from './step-states';

export interface TreeView {
  phases: PlanSummary['phases'];
  states: StepStates;
  /** The sign of what is under way. */
  spinner: string;
  /** Finished phases stay open: their services are restored. */
  isRollingBack: boolean;
  now: number;
}

const longestName = 32;
/** What needs a person's eye comes first. */
const urgency: Record<ServiceState, number> = {
  'step.failed': 0,
  'step.delayed': 1,
  'step.started': 2,
  waiting: 3,
  'step.finished': 4,
};

interface Phase {
  number: number;
  services: ServiceSummary[];
}

/** The services that change, of all phases. */
export function shownServices(phases: PlanSummary['phases']): ServiceSummary[] {
  return phases.flatMap(({ services }) => services.filter(acts));
}

/** The lines of a plan under way: all of it if it fits, else what is active, with the rest as counts. */
export function treeLines(view: TreeView, height: number): string[] {
  const phases = view.phases
    .map(({ number, services }) => ({ number, services: services.filter(acts) }))
    .filter(({ services }) => services.length > 0);
  const whole = phases.flatMap((phase) => phaseLines(phase, view));
  return whole.length <= height ? whole : activeLines(phases, view, height);
}

function phaseLines({ number, services }: Phase, view: TreeView): string[] {
  if (isDone(services, view) && !view.isRollingBack)
    return [
      `  ${paint.green('✔')} phase ${number}  ${counted(services.length, 'service')} ${tookText(services, view)}`,
    ];
  return [`  phase ${number}`, ...services.map((service) => serviceLine(service, view))];
}

/** Finished phases in one line, then every phase that is under way with its active services, then what waits. */
function activeLines(phases: Phase[], view: TreeView, height: number): string[] {
  const done = phases.filter(({ services }) => isDone(services, view));
  const open = phases.filter((phase) => !done.includes(phase));
  const started = open.filter(({ services }) => services.some((service) => view.states.of(service) !== 'waiting'));
  const waiting = open.filter((phase) => !started.includes(phase));
  const head = done.length > 0 ? [doneLine(done, view)] : [];
  const foot = waiting.length > 0 ? [waitingLine(waiting)] : [];
  const room = Math.max(1, height - head.length - foot.length);
  const active = started
    .flatMap(({ services }) => services)
    .filter((service) => urgency[view.states.of(service)] < urgency.waiting)
    .sort((a, b) => urgency[view.states.of(a)] - urgency[view.states.of(b)]);
  const titles = started.map((phase) => phaseTitle(phase, view));
  const lines = active.map((service) => serviceLine(service, view));
  const kept = Math.max(0, room - titles.length);
  const body = lines.length <= kept ? lines : [...lines.slice(0, Math.max(0, kept - 1)), moreLine(lines.length, kept)];
  return [...head, ...titles, ...body, ...foot].slice(0, height);
}

function doneLine(done: Phase[], view: TreeView): string {
  const services = done.flatMap((phase) => phase.services);
  const phases = done.length === 1 ? `phase ${done[0]!.number}` : `phases ${done[0]!.number} to ${done.at(-1)!.number}`;
  return `  ${paint.green('✔')} ${phases}  ${counted(services.length, 'service')} ${tookText(services, view)}`;
}

function phaseTitle({ number, services }: Phase, { states }: TreeView): string {
  const done = services.filter((service) => states.of(service) === 'step.finished').length;
  const waits = services.filter((service) => states.of(service) === 'waiting').length;
  return `  phase ${number}  ${done} of ${services.length} done${waits > 0 ? paint.dim(`, ${waits} not started`) : ''}`;
}

function waitingLine(waiting: Phase[]): string {
  const count = waiting.reduce((sum, { services }) => sum + services.length, 0);
  const phases = waiting.length === 1 ? `phase ${waiting[0]!.number}` : `${waiting.length} later phases`;
  return paint.dim(`  · ${phases}  ${counted(count, 'service')}`);
}

function moreLine(all: number, kept: number): string {
  return paint.dim(`    … and ${all - Math.max(0, kept - 1)} more under way`);
}

function serviceLine(service: ServiceSummary, view: TreeView): string {
  const state = view.states.of(service);
  const name = `${cutMiddle(service.name, longestName)}${service.replicas > 1 ? ` x${service.replicas}` : ''}`;
  return `    ${signOf(state, view.spinner)} ${name} ${detailOf(service, state, view)}`.trimEnd();
}

function signOf(state: ServiceState, spinner: string): string {
  switch (state) {
    case 'step.finished':
      return paint.green('✔');
    case 'step.failed':
      return paint.red('✖');
    case 'step.delayed':
      return paint.yellow('!');
    case 'step.started':
      return paint.cyan(spinner);
    case 'waiting':
      return paint.dim('·');
  }
}

/** The time comes first: the end of a line may be cut. */
function detailOf(service: ServiceSummary, state: ServiceState, view: TreeView): string {
  if (state === 'waiting') return '';
  const took = tookText([service], view);
  if (state === 'step.failed') return `${took} ${paint.red(view.states.failureOf(service))}`;
  const isUnderWay = state === 'step.started' || state === 'step.delayed';
  return isUnderWay ? `${took} ${paint.dim(view.states.currentOf(service))}` : took;
}

function isDone(services: readonly ServiceSummary[], { states }: TreeView): boolean {
  return services.every((service) => states.of(service) === 'step.finished');
}

function tookText(services: readonly ServiceSummary[], { states, now }: TreeView): string {
  return paint.dim(seconds(states.took(services, now)));
}
