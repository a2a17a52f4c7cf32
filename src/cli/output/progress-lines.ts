import type { ProgressCode, ProgressEvent, StepReference } from '../../model/events';
import type { Progress, ServiceSummary } from '../../workflows/messages';
import { planText } from './plan-text';
import { seconds, waitText } from './words';

type StepEvent<Code extends ProgressCode> = Extract<ProgressEvent, { code: Code }>;

/** Progress without a terminal: a line for each finished service, and for everything that goes wrong. */
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
    for (const event of events) this.event(event, services);
  }

  private event(event: ProgressEvent, services: ReadonlyMap<string, ServiceSummary>): void {
    switch (event.code) {
      case 'deployment.noted':
        return this.print(`  note  ${event.data.message}`);
      case 'deployment.status_changed':
        return event.data.status === 'rolling_back' ? this.print('  undo  rolling back') : undefined;
      case 'step.failed':
        return this.print(`  FAIL  ${place(event.step)}${event.data.message}`);
      case 'step.delayed':
        return this.print(`  wait  ${place(event.step)}${event.step.title}: ${event.data.message}`);
      case 'step.started':
        return this.started(event, services.get(event.step.service ?? ''));
      case 'step.finished':
        return this.finished(event, services.get(event.step.service ?? ''));
    }
  }

  /** A rollout can take long: each of its moves is a line when it starts. */
  private started({ step, at }: StepEvent<'step.started'>, service: ServiceSummary | undefined): void {
    const { service: name, phase, title } = step;
    if (name !== undefined && !this.startedAt.has(name)) this.startedAt.set(name, at);
    if (phase !== undefined && service?.rollout?.includes(title)) this.print(`  ...   ${place(step)}${title}`);
  }

  private finished({ step, at, data }: StepEvent<'step.finished'>, service: ServiceSummary | undefined): void {
    if (!service || step.phase === undefined) return this.print(`  ok    ${step.title} ${seconds(data.durationMs)}`);
    const finished = (this.finishedSteps.get(service.name) ?? 0) + 1;
    this.finishedSteps.set(service.name, finished);
    if (finished < service.steps.length || service.action === 'keep') return;
    const took = at - (this.startedAt.get(service.name) ?? at);
    this.print(`  ok    ${place(step)}${service.name} ${seconds(took)}`);
  }
}

function place({ phase }: StepReference): string {
  return phase === undefined ? '' : `phase ${phase}  `;
}
