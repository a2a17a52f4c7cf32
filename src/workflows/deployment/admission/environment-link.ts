import type { SearchAttributePair } from '@temporalio/common';
import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
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

/** A deployment's messages to the workflow of its environment. */
export class EnvironmentLink {
  constructor(private readonly input: DeploymentInput) {}

  private go?: Go;

  begin(go: Go): void {
    this.go = go;
  }

  attributes(release: number): SearchAttributePair[] {
    const { name: stack, environment } = this.input.stack;
    return [...placeAttributes({ stack, environment }), { key: searchAttributes.release, value: release }];
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

  /** A missing environment does not fail the deployment: it recovers its numbers from labels later. */
  private async tell(
    signal: (environment: ReturnType<typeof getExternalWorkflowHandle>) => Promise<void>,
  ): Promise<void> {
    const { name: stack, environment } = this.input.stack;
    await serialised(signal(getExternalWorkflowHandle(environmentId({ stack, environment })))).catch(() => undefined);
  }
}
