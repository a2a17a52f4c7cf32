import type { SecretSource } from '../../model/instance';
import { notificationTypes, type Subscriber, type SubscriberTarget } from '../../model/notification';
import type { StackFile } from '../schema/stack-file';
import { toSecret } from './secret-uses';
import { type Attempt, Malformed } from './words';

type SubscriberInput = NonNullable<StackFile['subscribers']>[string];

/** Subscribers of the stack; undefined if there are none. */
export function toSubscribers(
  input: StackFile['subscribers'],
  secrets: Record<string, SecretSource>,
  attempt: Attempt,
): Subscriber[] | undefined {
  const subscribers = Object.entries(input ?? {}).flatMap(([name, subscriber]) =>
    attempt(
      ['subscribers', name],
      () => [{ name, events: subscriber.events ?? [...notificationTypes], target: toTarget(subscriber, secrets) }],
      [],
    ),
  );
  return subscribers.length > 0 ? subscribers : undefined;
}

function toTarget({ webhook, slack, redis }: SubscriberInput, secrets: Record<string, SecretSource>): SubscriberTarget {
  if ([webhook, slack, redis].filter(Boolean).length !== 1)
    throw new Malformed('needs exactly one of webhook, slack and redis');
  if (webhook)
    return {
      kind: 'webhook',
      url: typeof webhook.url === 'string' ? webhook.url : toSecret(webhook.url.secret, secrets),
      ...(webhook.key !== undefined && { key: toSecret(webhook.key, secrets) }),
    };
  if (slack)
    return { kind: 'slack', url: toSecret(typeof slack.url === 'string' ? slack.url : slack.url.secret, secrets) };
  const { url, stream = 'deploy-code', longest = 10_000, password } = redis!;
  return {
    kind: 'redis',
    url,
    stream,
    longest,
    ...(password !== undefined && { password: toSecret(password, secrets) }),
  };
}
