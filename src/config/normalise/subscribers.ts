import type { SecretSource } from '../../model/instance';
import {
  notificationTypes,
  type NotificationType,
  type Subscriber,
  type SubscriberTarget,
} from '../../model/notification';
import type { StackFile } from '../schema/stack-file';
import { toSecret } from './secrets';
import { type Attempt, Malformed } from './words';

const ofGitHub: readonly NotificationType[] = ['deployment.started', 'deployment.finished'];
const implicitTlsPort = 465;
const submissionPort = 587;

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
      () => [{ name, events: eventsOf(subscriber), target: toTarget(subscriber, secrets) }],
      [],
    ),
  );
  return subscribers.length > 0 ? subscribers : undefined;
}

/** What a subscriber gets: GitHub knows of deployments only. */
function eventsOf({ events, github }: SubscriberInput): NotificationType[] {
  if (!github) return events ?? [...notificationTypes];
  const other = events?.find((event) => !ofGitHub.includes(event));
  if (other !== undefined) throw new Malformed(`github takes no ${other}; it takes ${ofGitHub.join(' and ')}`);
  return events ?? [...ofGitHub];
}

/** @throws Malformed unless the file names one kind of receiver */
export function toTarget(
  { webhook, slack, redis, github, email }: Omit<SubscriberInput, 'events'>,
  secrets: Record<string, SecretSource>,
): SubscriberTarget {
  if ([webhook, slack, redis, github, email].filter(Boolean).length !== 1)
    throw new Malformed('needs exactly one of webhook, slack, redis, github and email');
  if (webhook)
    return {
      kind: 'webhook',
      url: typeof webhook.url === 'string' ? webhook.url : toSecret(webhook.url.secret, secrets),
      ...(webhook.key !== undefined && { key: toSecret(webhook.key, secrets) }),
    };
  if (slack)
    return { kind: 'slack', url: toSecret(typeof slack.url === 'string' ? slack.url : slack.url.secret, secrets) };
  if (github) return toGitHub(github, secrets);
  if (email) return toEmail(email, secrets);
  const { url, stream = 'deploy-code', longest = 10_000, password } = redis!;
  return {
    kind: 'redis',
    url,
    stream,
    longest,
    ...(password !== undefined && { password: toSecret(password, secrets) }),
  };
}

function toGitHub(
  { repository, token, api = 'https://api.github.com', environment, commit }: NonNullable<SubscriberInput['github']>,
  secrets: Record<string, SecretSource>,
): SubscriberTarget {
  return {
    kind: 'github',
    url: api,
    repository,
    token: toSecret(token, secrets),
    ...(environment !== undefined && { environment }),
    ...(commit !== undefined && commit !== '' && { commit }),
  };
}

function toEmail(
  { host, tls = 'starttls', port, from, to, user, password }: NonNullable<SubscriberInput['email']>,
  secrets: Record<string, SecretSource>,
): SubscriberTarget {
  if ((user === undefined) !== (password === undefined)) throw new Malformed('email needs both user and password');
  if (tls === 'none' && password !== undefined)
    throw new Malformed('email would send the password without TLS; remove tls: none, or user and password');
  const isImplicit = tls === 'implicit';
  return {
    kind: 'email',
    url: `${isImplicit ? 'smtps' : 'smtp'}://${host}:${port ?? (isImplicit ? implicitTlsPort : submissionPort)}`,
    from,
    to: [to].flat(),
    startTls: tls === 'starttls',
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password: toSecret(password, secrets) }),
  };
}
