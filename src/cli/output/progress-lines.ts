import type { Progress, ProgressEvent, ServiceSummary } from '../../workflows/messages';
import { planText } from './plan-text';
import { seconds, waitText } from './words';

const spoken = { done: 'ok', failed: 'FAIL', trouble: 'wait', begun: '...' } as const;

/** Progress as lines, for where there is no terminal: one when a service is done, one when something goes wrong. */
export class ProgressLines {
  private shownPlan = false;
  private shownWait?: string;
  private readonly begun = new Map<string, number>();
  private readonly done = new Map<string, number>();

  constructor(private readonly print: (line: string) => void) {}

  show(progress: Progress): void {
    const { plan, events, status } = progress;
    const wait = waitText(progress);
    if (wait !== undefined && wait !== 'queued' && wait !== this.shownWait) this.print(wait);
    this.shownWait = wait;
    if (plan && !this.shownPlan && (plan.changes || status !== 'pulling')) {
      this.shownPlan = true;
      for (const line of planText(plan)) this.print(line);
    }
    const services = new Map(
      (plan?.phases ?? []).flatMap((phase) => phase.services.map((service) => [service.name, service] as const)),
    );
    for (const event of events)
      this.event(event, event.service === undefined ? undefined : services.get(event.service));
  }

  private event(event: ProgressEvent, service: ServiceSummary | undefined): void {
    if (event.kind === 'note') return this.print(`  note  ${event.text}`);
    if (event.kind === 'status')
      return event.text === 'rolling_back' ? this.print('  undo  putting back what was') : undefined;
    if (event.state === 'failed') return this.print(`  ${spoken.failed}  ${place(event)}${event.text}`);
    if (event.state === 'trouble')
      return this.print(`  ${spoken.trouble}  ${place(event)}${event.title ?? event.step}: ${event.text}`);
    if (event.state !== 'done') return this.begin(event, service);
    if (!service || event.phase === undefined)
      return this.print(`  ${spoken.done.padEnd(4)}  ${event.text} ${seconds(event.durationMs ?? 0)}`);
    const done = (this.done.get(service.name) ?? 0) + 1;
    this.done.set(service.name, done);
    if (done === service.steps.length && service.action !== 'keep')
      this.print(
        `  ${spoken.done.padEnd(4)}  ${place(event)}${service.name} ` +
          `${seconds(event.at - (this.begun.get(service.name) ?? event.at))}`,
      );
  }

  /** A rollout may take its time: each of its moves is said as it begins. */
  private begin(event: ProgressEvent, service: ServiceSummary | undefined): void {
    if (event.service !== undefined && !this.begun.has(event.service)) this.begun.set(event.service, event.at);
    if (event.phase !== undefined && service?.rollout?.includes(event.title ?? ''))
      this.print(`  ${spoken.begun.padEnd(4)}  ${place(event)}${event.title}`);
  }
}

function place({ phase }: ProgressEvent): string {
  return phase === undefined ? '' : `phase ${phase}  `;
}
