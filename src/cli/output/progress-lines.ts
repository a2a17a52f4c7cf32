import type { Progress, ProgressEvent, ServiceSummary } from '../../workflows/messages';
import { planText } from './plan-text';
import { seconds, waitText } from './words';

const labels = { done: 'ok', failed: 'FAIL', trouble: 'wait', begun: '...' } as const;

/** Progress as lines, for output that is no terminal: one for each finished service, failure and wait. */
export class ProgressLines {
  private shownPlan = false;
  private shownWait?: string;
  private readonly startedAt = new Map<string, number>();
  private readonly finishedSteps = new Map<string, number>();

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
    if (event.kind === 'status') return event.text === 'rolling_back' ? this.print('  undo  rolling back') : undefined;
    if (event.state === 'failed') return this.print(`  ${labels.failed}  ${place(event)}${event.text}`);
    if (event.state === 'trouble')
      return this.print(`  ${labels.trouble}  ${place(event)}${event.title ?? event.step}: ${event.text}`);
    if (event.state !== 'done') return this.start(event, service);
    if (!service || event.phase === undefined)
      return this.print(`  ${labels.done.padEnd(4)}  ${event.text} ${seconds(event.durationMs ?? 0)}`);
    const finished = (this.finishedSteps.get(service.name) ?? 0) + 1;
    this.finishedSteps.set(service.name, finished);
    if (finished === service.steps.length && service.action !== 'keep')
      this.print(
        `  ${labels.done.padEnd(4)}  ${place(event)}${service.name} ` +
          `${seconds(event.at - (this.startedAt.get(service.name) ?? event.at))}`,
      );
  }

  /** A rollout can take long, so each of its steps is printed when it starts. */
  private start(event: ProgressEvent, service: ServiceSummary | undefined): void {
    if (event.service !== undefined && !this.startedAt.has(event.service)) this.startedAt.set(event.service, event.at);
    if (event.phase !== undefined && service?.rollout?.includes(event.title ?? ''))
      this.print(`  ${labels.begun.padEnd(4)}  ${place(event)}${event.title}`);
  }
}

function place({ phase }: ProgressEvent): string {
  return phase === undefined ? '' : `phase ${phase}  `;
}
