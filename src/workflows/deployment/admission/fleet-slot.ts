import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import { activity } from '../../support/activity-options';
import { listen } from '../../support/listen';
import { fleetId, giveBackSignal, slotSignal, type SlotWord } from '../../messages';
import { shapes } from '../../messages/shapes';
import { serialised, waitUntil } from '../../support/serialised-events';
import type { ProgressLog } from '../report/progress-log';

const rejoinMs = 600_000;

/** A deployment's slot, if workers limit how many deployments run at once. */
export class FleetSlot {
  private answer?: SlotWord;
  private claimed = false;

  constructor(private readonly log: ProgressLog) {
    listen(slotSignal, shapes.slot, (answer) => {
      this.answer = answer;
      this.log.wait(answer.granted ? {} : { held: `the workers run at most ${answer.limit} deployments at once` });
    });
  }

  /**
   * Waits for a slot. Claims again at intervals: that is harmless, and a restarted fleet learns of this deployment.
   */
  async take(limit: number, taskQueue: string, isGivenUp: () => boolean): Promise<void> {
    this.claimed = true;
    do
      await activity(
        'claimSlot',
        taskQueue,
        `claim one of ${limit} slots`,
      )({ workflowId: workflowInfo().workflowId, limit });
    while (!(await waitUntil(() => this.answer?.granted === true || isGivenUp(), rejoinMs, 'claim the slot again')));
  }

  async giveBack(): Promise<void> {
    if (!this.claimed) return;
    await serialised(getExternalWorkflowHandle(fleetId).signal(giveBackSignal, workflowInfo().workflowId)).catch(
      () => undefined,
    );
  }
}
