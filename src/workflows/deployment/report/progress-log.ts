import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { Step } from '../../../plan/plan';
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
import { details } from './summary';

const mostEvents = 20_000;

/** What a deployment has to tell: its status, its plan, and everything that happened in order. */
export class ProgressLog {
  status: Status = 'queued';
  deployment?: number;
  queued: Queued = {};
  question?: Question;
  cause?: Cause;
  approvals?: Progress['approvals'];
  failure?: Progress['failure'];
  private readonly events: ProgressEvent[] = [];
  private planned?: { plan: PlanSummary; after: number };

  get plan(): PlanSummary | undefined {
    return this.planned?.plan;
  }

  set plan(plan: PlanSummary) {
    this.planned = { plan, after: this.events.length };
  }

  /** The events after a sequence number; the plan comes along until a reader has seen events of after it was made. */
  since(sequence: number): Progress {
    const { status, deployment, queued, question, cause, planned, approvals, failure } = this;
    const plan = planned && sequence <= planned.after ? planned.plan : undefined;
    return {
      status,
      deployment,
      ...queued,
      question,
      cause,
      plan,
      ...(approvals?.length && { approvals }),
      ...(failure && { failure }),
      events: this.events.slice(sequence),
    };
  }

  wait(queued: Queued): void {
    this.queued = queued;
    this.publish();
  }

  become(status: Status): void {
    this.status = status;
    this.add({ kind: 'status', text: status });
    this.publish();
  }

  /** The same, and found by it: whether a person is waited for. */
  becomeFound(status: Status): void {
    this.become(status);
    upsertSearchAttributes([{ key: searchAttributes.status, value: status === 'waiting' ? 'waiting' : 'running' }]);
  }

  /** Shows in the Temporal UI how things stand. */
  publish(): void {
    setCurrentDetails(details(this.since(0)));
  }

  note(text: string): void {
    this.add({ kind: 'note', text });
  }

  step(
    step: Step,
    state: ProgressEvent['state'],
    phase: number | undefined,
    extra: { durationMs?: number; text?: string } = {},
  ): void {
    this.add({
      kind: 'step',
      state,
      step: step.id,
      title: step.title,
      service: step.service,
      phase,
      text: extra.text ?? step.title,
      durationMs: extra.durationMs,
    });
  }

  private add(event: Omit<ProgressEvent, 'sequence' | 'at'>): void {
    if (this.events.length < mostEvents)
      this.events.push({ sequence: this.events.length + 1, at: Date.now(), ...event });
  }
}
