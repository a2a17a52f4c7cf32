import type { Notification, Subscriber } from '../model/notification';
import { activity } from './support/activity-options';
import { toProblem } from './deployment/steps/failure';
import { deliveryQueue } from './messages';

/**
 * Delivers a notification to each subscriber independently: an unreachable one delays no other, and is retried for a
 * day. Resolves with the outcome of each delivery.
 */
export async function notify(notification: Notification, subscribers: Subscriber[]): Promise<Record<string, string>> {
  const outcomes = subscribers.map(async (subscriber) => {
    const delivered = activity(
      'deliver',
      deliveryQueue,
      `${notification.type} to ${subscriber.name}`,
    )(subscriber, notification);
    return [
      subscriber.name,
      await delivered.then(
        () => 'delivered',
        (error: unknown) => toProblem(error).message,
      ),
    ] as const;
  });
  return Object.fromEntries(await Promise.all(outcomes));
}
