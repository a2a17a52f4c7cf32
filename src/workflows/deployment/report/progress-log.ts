import { patched, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { isProgress, type Happening } from '../../../model/events';
import type { Reporter } from '../../support/reporter';
import {
  searchAttributes,
  type Cause,
  type PlanSummary,
  type Progress,
  type ProgressEvent,
  type Question,
  type Queued,
  type Status,
} from '../../messages';
import { patches } from '../../support/patches';
import { details } from './summary';

const mostEvents = 20_000;

/** A deployment's status, plan and events. Answers progress queries, and passes events on to the reporter. */
export class ProgressLog {
  status: Status = 'queued';
  deployment?: number;
  queued: Queued = {};
  question?: Question;
  /** The last question that was answered, by its id. */
  answered?: Progress['answered'];
  cause?: Cause;
  approvals?: Progress['approvals'];
  failure?: Progress['failure'];
  /** Why it will be rolled back, and the jobs that run until then. */
  failing?: { cause: Cause; jobs: () => string[] };
  private readonly events: ProgressEvent[] = [];
  /** Ids of the steps that wait for their platform. */
  private readonly delayed = new Set<string>();
  private planned?: { plan: PlanSummary; after: number };

  constructor(private readonly reporter: Reporter) {}

  get plan(): PlanSummary | undefined {
    return this.planned?.plan;
  }

  set plan(plan: PlanSummary) {
    this.planned = { plan, after: this.events.length };
  }

  /** The events after a sequence number; includes the plan until the reader has seen a later event. */
  since(sequence: number): Progress {
    const { status, deployment, queued, question, answered, cause, planned, approvals, failure, failing } = this;
    const jobs = status === 'deploying' ? (failing?.jobs() ?? []) : [];
    const plan = planned && sequence <= planned.after ? planned.plan : undefined;
    return {
      status,
      deployment,
      ...queued,
      question,
      ...(answered && { answered }),
      cause,
      plan,
      ...(approvals?.length && { approvals }),
      ...(failure && { failure }),
      ...(failing && jobs.length > 0 && { failing: { cause: failing.cause, jobs } }),
      events: this.events.slice(sequence),
    };
  }

  wait(queued: Queued): void {
    this.queued = queued;
    this.publish();
  }

  become(status: Status): void {
    this.status = status;
    this.report({ code: 'deployment.status_changed', data: { status } });
    this.publish();
  }

  /** Also sets the search attribute that shows whether the deployment waits for a person. */
  becomeSearchable(status: Status): void {
    this.become(status);
    upsertSearchAttributes([{ key: searchAttributes.status, value: status === 'waiting' ? 'waiting' : 'running' }]);
  }

  /** Shows in the Temporal UI, in its list too, whether a step waits for its platform. */
  private showDelays({ code, step }: Happening): void {
    if (!step) return;
    const before = this.delayed.size;
    if (code === 'step.delayed') this.delayed.add(step.id);
    else this.delayed.delete(step.id);
    if (before === this.delayed.size) return;
    this.publish();
    if (before > 0 === this.delayed.size > 0 || !patched(patches.delayedStatus)) return;
    const status = this.delayed.size > 0 ? 'delayed' : this.status === 'waiting' ? 'waiting' : 'running';
    upsertSearchAttributes([{ key: searchAttributes.status, value: status }]);
  }

  /** Shows the state in the Temporal UI. */
  publish(): void {
    setCurrentDetails(details(this.since(0)));
  }

  note(message: string): void {
    this.report({ code: 'deployment.noted', data: { message } });
  }

  /** The single entry point for all events of a deployment. */
  report(happening: Happening): void {
    if (isProgress(happening) && this.events.length < mostEvents)
      this.events.push({ sequence: this.events.length + 1, at: Date.now(), ...happening });
    this.showDelays(happening);
    this.reporter.report(this.deployment ?? 0, happening);
  }
}
