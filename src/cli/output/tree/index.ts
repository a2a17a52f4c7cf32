import logUpdate from 'log-update';
import type { ProgressEvent } from '../../../model/events';
import type { Progress } from '../../../workflows/messages';
import { paint, print, renderedWithin } from '../terminal';
import { counted, seconds, waitText } from '../words';
import { shownServices, treeLines } from './layout';
import { StepStates } from './step-states';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const refreshMs = 100;
const mostNotes = 3;

/** Progress on a terminal: a live tree of phases and services with their times. */
export class ProgressTree {
  private readonly states = new StepStates();
  private readonly notes: string[] = [];
  private latest?: Progress;
  private frame = 0;
  private isClosed = false;
  private readonly timer = setInterval(() => this.draw(), refreshMs);

  show(progress: Progress): void {
    this.latest = progress;
    for (const event of progress.events) this.take(event);
  }

  /** Prints lines above the tree, which would overwrite lines that are printed below it. */
  printAbove(lines: readonly string[]): void {
    logUpdate.clear();
    print(lines);
    this.draw();
  }

  /** Draws the last state, and leaves it on the screen. */
  close(): void {
    clearInterval(this.timer);
    this.isClosed = true;
    this.draw();
    logUpdate.done();
  }

  private take(event: ProgressEvent): void {
    if (event.code === 'deployment.noted') this.notes.push(event.data.message);
    this.states.take(event);
  }

  private draw(): void {
    this.frame = (this.frame + 1) % frames.length;
    const { columns, rows } = process.stdout;
    const lines = this.lines(rows || 40);
    logUpdate(lines.map((line) => renderedWithin(Math.max(1, (columns || 80) - 1), line)).join('\n'));
  }

  /** What fits on a screen of so many rows: the cursor needs one more. */
  private lines(rows: number): string[] {
    const status = this.latest?.status ?? 'queued';
    const notes = this.notes.slice(-mostNotes).map((note) => paint.yellow(`  ${note}`));
    const foot = [...notes, ...this.rollback(status)];
    const height = Math.max(1, rows - foot.length - 2);
    const view = {
      phases: this.latest?.plan?.phases ?? [],
      states: this.states,
      spinner: frames[this.frame]!,
      isRollingBack: status === 'rolling_back',
      now: this.now,
    };
    return [paint.bold(this.head(status)), ...treeLines(view, height), ...foot];
  }

  /** At the end the time of the last event: the display may close later. */
  private get now(): number {
    return this.isClosed ? this.states.lastAt : Date.now();
  }

  private head(status: string): string {
    const wait = this.latest && waitText(this.latest);
    if (wait !== undefined || !this.latest) return wait ?? 'queued';
    const services = shownServices(this.latest.plan?.phases ?? []);
    const done = services.filter((service) => this.states.of(service) === 'step.finished').length;
    const { beganAt } = this.states;
    return [
      `deployment ${this.latest.deployment}: ${status.replaceAll('_', ' ')}`,
      ...(services.length > 0 ? [`${done} of ${counted(services.length, 'service')} done`] : []),
      ...(beganAt === undefined ? [] : [seconds(Math.max(0, this.now - beganAt))]),
    ].join('  ');
  }

  private rollback(status: string): string[] {
    if (status !== 'rolling_back') return [];
    const { last } = this.states;
    return [paint.yellow(`  ${frames[this.frame]} rolling back${last === undefined ? '' : `: ${last}`}`)];
  }
}
