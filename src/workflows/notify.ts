import type { Notification, Subscriber } from '../model/notification';
import { activity } from './support/activity-options';
import { toProblem } from './deployment/steps/failure';
import { deliveryQueue } from './messages';

/**
 * Tells subscribers, each for itself: one that is dead holds up nobody, and is tried for a day. Resolves with what came
 * of it.
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
