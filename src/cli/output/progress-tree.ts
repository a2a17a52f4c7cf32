import logUpdate from 'log-update';
import { acts } from '../../plan/plan';
import type { ProgressEvent, StepEventCode } from '../../model/events';
import type { PlanSummary, Progress, ServiceSummary } from '../../workflows/messages';
import { seconds, waitText } from './words';
import { paint, renderedWithin } from './terminal';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const refreshMs = 100;

interface StepState {
  state: StepEventCode;
  startedAt: number;
  endedAt?: number;
  text: string;
}

/** Progress on a terminal: a live tree of phases and services with their times. */
export class ProgressTree {
  private readonly steps = new Map<string, StepState>();
  private readonly notes: string[] = [];
  private latest?: Progress;
  private frame = 0;
  private readonly timer = setInterval(() => this.draw(), refreshMs);

  show(progress: Progress): void {
    this.latest = progress;
    for (const event of progress.events) this.take(event);
  }

  /** Draws the last state, and leaves it on the screen. */
  close(): void {
    clearInterval(this.timer);
    this.draw();
    logUpdate.done();
  }

  private take(event: ProgressEvent): void {
    const { code, at, step } = event;
    if (code === 'deployment.noted') this.notes.push(event.data.message);
    if (!step) return;
    this.steps.set(step.id, {
      state: code,
      text: code === 'step.delayed' ? event.data.message : step.title,
      startedAt: code === 'step.started' ? at : (this.steps.get(step.id)?.startedAt ?? at),
      endedAt: code === 'step.finished' || code === 'step.failed' ? at : undefined,
    });
  }

  private draw(): void {
    this.frame = (this.frame + 1) % frames.length;
    const { status, deployment } = this.latest ?? { status: 'queued' as const };
    const head = (this.latest && waitText(this.latest)) ?? `deployment ${deployment}: ${status.replace('_', ' ')}`;
    const height = (process.stdout.rows ?? 40) - 4;
    const body = (this.latest?.plan?.phases ?? []).flatMap((phase) => this.phase(phase, status === 'rolling_back'));
    const lines = [
      paint.bold(head),
      ...fit(body, height),
      ...this.notes.slice(-3).map((note) => paint.yellow(`  ${note}`)),
      ...this.rollback(status),
    ];
    const columns = Math.max(1, (process.stdout.columns ?? 80) - 1);
    logUpdate(lines.map((line) => renderedWithin(columns, line)).join('\n'));
  }

  private phase({ number, services }: PlanSummary['phases'][number], isRollingBack: boolean): string[] {
    const shown = services.filter(acts);
    if (shown.length === 0) return [];
    const done = shown.every((service) => this.stateOf(service) === 'step.finished');
    if (done && !isRollingBack)
      return [
        `  ${paint.green('✔')} phase ${number}  ${shown.length} ` +
          `service${shown.length === 1 ? '' : 's'} ${paint.dim(this.took(shown))}`,
      ];
    return [`  phase ${number}`, ...shown.map((service) => this.service(service))];
  }

  private service(service: ServiceSummary): string {
    const state = this.stateOf(service);
    const current = service.steps
      .map(({ id }) => this.steps.get(id))
      .filter((step) => step && !step.endedAt)
      .at(-1);
    const marks = {
      'step.finished': paint.green('✔'),
      'step.failed': paint.red('✖'),
      'step.delayed': paint.yellow('!'),
      'step.started': paint.cyan(frames[this.frame]!),
      waiting: paint.dim('·'),
    };
    const detail = state === 'step.finished' ? this.took([service]) : isUnderWay(state) ? (current?.text ?? '') : '';
    return (
      `    ${marks[state]} ` +
      `${service.name}${service.replicas > 1 ? ` x${service.replicas}` : ''} ${paint.dim(detail)}`
    );
  }

  private stateOf({ steps }: ServiceSummary): StepEventCode | 'waiting' {
    const states = steps.map(({ id }) => this.steps.get(id)?.state);
    if (states.includes('step.failed')) return 'step.failed';
    if (states.includes('step.delayed')) return 'step.delayed';
    if (states.length > 0 && states.every((state) => state === 'step.finished')) return 'step.finished';
    return states.some((state) => state !== undefined) ? 'step.started' : 'waiting';
  }

  private took(services: ServiceSummary[]): string {
    const all = services.flatMap(({ steps }) => steps.flatMap(({ id }) => this.steps.get(id) ?? []));
    return seconds(
      Math.max(...all.map(({ endedAt = 0 }) => endedAt)) - Math.min(...all.map(({ startedAt }) => startedAt)),
    );
  }

  private rollback(status: string): string[] {
    if (status !== 'rolling_back') return [];
    const last = [...this.steps.values()].filter(({ endedAt }) => !endedAt).at(-1);
    return [paint.yellow(`  ${frames[this.frame]} rolling back${last ? `: ${last.text}` : ''}`)];
  }
}

function isUnderWay(state: StepEventCode | 'waiting'): boolean {
  return state === 'step.started' || state === 'step.delayed';
}

function fit(lines: string[], height: number): string[] {
  return lines.length <= height
    ? lines
    : [...lines.slice(-height), paint.dim(`  (${lines.length - height} more lines above)`)];
}
