import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import { activity } from '../../support/activity-options';
import { listen } from '../../support/listen';
import { fleetId, giveBackSignal, slotSignal, type SlotWord } from '../../messages';
import { shapes } from '../../messages/shapes';
import { serialised, waitUntil } from '../../support/serialised-events';
import type { ProgressLog } from '../report/progress-log';

const rejoinMs = 600_000;

/** A deployment's place among those that the workers take at once. */
export class FleetSlot {
  private word?: SlotWord;
  private claimed = false;

  constructor(private readonly log: ProgressLog) {
    listen(slotSignal, shapes.slot, (word) => {
      this.word = word;
      this.log.wait(
        word.granted ? {} : { held: `as many deployments run as the workers take at once (${word.limit})` },
      );
    });
  }

  /**
   * Waits until there is one. Asking again is harmless, and a fleet that was lost in the meantime learns of this
   * deployment.
   */
  async take(limit: number, taskQueue: string, isGivenUp: () => boolean): Promise<void> {
    this.claimed = true;
    do
      await activity(
        'claimSlot',
        taskQueue,
        `one of ${limit} deployments at once`,
      )({ workflowId: workflowInfo().workflowId, limit });
    while (!(await waitUntil(() => this.word?.granted === true || isGivenUp(), rejoinMs, 'ask again')));
  }

  async giveBack(): Promise<void> {
    if (!this.claimed) return;
    await serialised(getExternalWorkflowHandle(fleetId).signal(giveBackSignal, workflowInfo().workflowId)).catch(
      () => undefined,
    );
  }
}
