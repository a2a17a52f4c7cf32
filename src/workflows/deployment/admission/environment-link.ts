import type { SearchAttributePair } from '@temporalio/common';
import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import { events } from '../../support/events';
import { serialised } from '../../support/serialised-events';
import {
  committedSignal,
  environmentId,
  finishedSignal,
  leaveSignal,
  placeAttributes,
  searchAttributes,
  type DeploymentInput,
  type FinishedReport,
  type Go,
} from '../../messages';

/** What a deployment tells its environment, and those who listen. */
export class EnvironmentLink {
  constructor(private readonly input: DeploymentInput) {}

  private go?: Go;

  begin(go: Go): void {
    const { requestedBy, reason, intent } = this.input;
    this.go = go;
    events.emit({ ...this.about(), type: 'deployment.started', intent: intent.kind, requestedBy, reason });
  }

  attributes(release: number): SearchAttributePair[] {
    const { name: stack, environment } = this.input.stack;
    return [...placeAttributes({ stack, environment }), { key: searchAttributes.release, value: release }];
  }

  phaseFinished(phase: number, durationMs: number): void {
    events.emit({ ...this.about(), type: 'phase.finished', phase, durationMs });
  }

  rolledBack(complete: boolean, durationMs: number): void {
    events.emit({ ...this.about(), type: 'rollback.finished', complete, durationMs });
  }

  committed(release: number | undefined): Promise<void> {
    return this.tell((environment) =>
      environment.signal(committedSignal, {
        workflowId: workflowInfo().workflowId,
        deployment: this.go!.deployment,
        release,
      }),
    );
  }

  finished(report: Omit<FinishedReport, 'workflowId'>): Promise<void> {
    return this.tell((environment) =>
      environment.signal(finishedSignal, { workflowId: workflowInfo().workflowId, ...report }),
    );
  }

  leave(): Promise<void> {
    return this.tell((environment) => environment.signal(leaveSignal, workflowInfo().workflowId));
  }

  /** An environment that is gone resumes its numbers from labels; a deployment does not fail for it. */
  private async tell(
    signal: (environment: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>,
  ): Promise<void> {
    const { name: stack, environment } = this.input.stack;
    await serialised(signal(getExternalWorkflowHandle(environmentId({ stack, environment })))).catch(() => undefined);
  }

  private about(): { stack: string; environment: string; deployment: number } {
    const { name: stack, environment } = this.input.stack;
    return { stack, environment, deployment: this.go?.deployment ?? 0 };
  }
}
