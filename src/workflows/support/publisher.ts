import { CancellationScope, ParentClosePolicy, startChild, uuid4 } from '@temporalio/workflow';
import type { Notification, NotificationType, Subscriber } from '../../model/notification';
import { serialised } from './serialised-events';
import type { Place } from '../messages';
import type { notify } from '../notify';

/** Hands what happens to those who subscribed, through a workflow of its own: whoever publishes waits for nobody. */
export class Publisher {
  private readonly begun: Promise<unknown>[] = [];

  constructor(
    private readonly place: Place,
    private readonly subscribers: readonly Subscriber[] = [],
  ) {}

  publish(type: NotificationType, deployment: number, text: string, details: Record<string, unknown>): void {
    const interested = this.subscribers.filter(({ events }) => events.includes(type));
    if (interested.length === 0) return;
    const { stack, environment } = this.place;
    const notification: Notification = { id: uuid4(), type, at: Date.now(), ...this.place, deployment, text, details };
    const start = () =>
      startChild<typeof notify>('notify', {
        workflowId: `notify/${stack}/${environment}/${notification.id}`,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        args: [notification, interested],
        staticSummary: `${type} of ${stack}/${environment}`,
      });
    this.begun.push(serialised(CancellationScope.nonCancellable(start)).catch(() => undefined));
  }

  /** Resolves when everything is on its way: a workflow that ends sooner would take it along. */
  async settled(): Promise<void> {
    await Promise.all(this.begun.splice(0));
  }
}
