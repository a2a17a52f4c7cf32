import { CancellationScope, ParentClosePolicy, proxySinks, startChild, uuid4, type Sinks } from '@temporalio/workflow';
import type { Event, Happening, HostEvent } from '../../model/events';
import { notificationTypes, type Notification, type NotificationType, type Subscriber } from '../../model/notification';
import { eventText } from '../../model/text/event-text';
import type { Place } from '../messages';
import type { notify } from '../notify';
import { serialised } from './serialised-events';

export interface EngineSinks extends Sinks {
  events: { emit(event: Event | HostEvent): void };
}

const { events } = proxySinks<EngineSinks>();

/** Reports the events of one environment: to the worker's metrics and logs, and to the subscribers of its stack. */
export class Reporter {
  private readonly deliveries: Promise<unknown>[] = [];

  constructor(
    private readonly place: Place,
    private readonly subscribers: readonly Subscriber[] = [],
  ) {}

  report(deployment: number, happening: Happening): void {
    const { stack, environment } = this.place;
    const event: Event = { ...happening, at: Date.now(), stack, environment, deployment };
    events.emit(event);
    if (isNotification(event)) this.notify(event);
  }

  /** Resolves when every delivery has started: none would start after the workflow has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.deliveries.splice(0));
  }

  /** A separate workflow delivers the event, so that a slow subscriber delays nothing. */
  private notify(event: Event<NotificationType>): void {
    const { code: type, at, stack, environment, deployment, data: details } = event;
    const interested = this.subscribers.filter(({ events: wanted }) => wanted.includes(type));
    if (interested.length === 0) return;
    const text = eventText(event);
    const notification: Notification = { id: uuid4(), type, at, stack, environment, deployment, text, details };
    const start = () =>
      startChild<typeof notify>('notify', {
        workflowId: `notify/${stack}/${environment}/${notification.id}`,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        args: [notification, interested],
        staticSummary: `${type} of ${stack}/${environment}`,
      });
    this.deliveries.push(serialised(CancellationScope.nonCancellable(start)).catch(() => undefined));
  }
}

/** Reports the circuit breaker of a host to the worker's metrics and logs. */
export function reportHost(data: HostEvent['data']): void {
  events.emit({ code: 'host.reported', at: Date.now(), data });
}

function isNotification(event: Event): event is Event<NotificationType> {
  return (notificationTypes as readonly string[]).includes(event.code);
}
