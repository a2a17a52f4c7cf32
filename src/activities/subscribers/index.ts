import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { withinDeadline } from '../../guard/deadline';
import type { NamedSecret, Notification, SubscriberTarget } from '../../model/notification';
import { withHeartbeat } from '../heartbeat';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
import { hostRefusal, type Policy } from '../../policy';
import { PeerBusy, PeerLimits } from './peer-limits';
import { sendEmail } from './email';
import { sendToGitHub } from './github';
import { addToStream } from './redis';
import { sendToSlack } from './slack';
import { sendToWebhook } from './webhook';

/**
 * Shorter than the activity's timeout, and includes waiting for a slot and reading secrets, so that a delivery always
 * ends with an error of its own.
 */
const deadlineMs = 25_000;
const longestPauseMs = 60_000;

/** Delivers notifications to subscribers. */
export function subscriberActivities({
  secrets,
  rules,
}: Pick<Dependencies, 'secrets' | 'rules'>): Pick<Activities, 'deliver'> {
  const peers = new PeerLimits();
  const secret = (use: NamedSecret) => secrets.read(use.name, use.source);
  const secretAddress = async (use: NamedSecret) => {
    const address = (await secret(use)).trim();
    if (!/^https?:\/\//.test(address) || !URL.canParse(address))
      throw new SoftwareFault(`the secret ${use.name} is not an http or https URL; store the full URL in it`);
    return address;
  };
  const send = async (target: SubscriberTarget, notification: Notification, signal: AbortSignal): Promise<void> => {
    const address = typeof target.url === 'string' ? target.url : await secretAddress(target.url);
    refuseHost(address, rules.policy, notification);
    await peers.deliver(hostOf(address), async () => {
      switch (target.kind) {
        case 'webhook':
          return sendToWebhook(address, notification, target.key && (await secret(target.key)), signal);
        case 'slack':
          return sendToSlack(address, notification, signal);
        case 'redis':
          return addToStream(target, notification, target.password && (await secret(target.password)), signal);
        case 'github':
          return sendToGitHub(target, notification, (await secret(target.token)).trim(), signal);
        case 'email':
          return sendEmail(target, notification, target.password && (await secret(target.password)), signal);
      }
    });
  };
  return {
    deliver: ({ target }, notification) =>
      withHeartbeat(({ signal: cancelled }) =>
        withinDeadline(deadlineMs, (signal) => send(target, notification, signal), cancelled).catch((error: Error) => {
          throw toDeliveryFailure(error, secrets.mask(error.message));
        }),
      ),
  };
}

/** @throws SoftwareFault with the policy rule that refuses the host */
function refuseHost(address: string, policy: Policy, { stack, environment }: Notification): void {
  const why = URL.canParse(address) && hostRefusal(new URL(address), policy, { stack, environment });
  if (why) throw new SoftwareFault(why);
}

/** An invalid address fails later, when it is called. */
function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address;
}

/** Adds jitter to the retry delay, so that deliveries waiting for one host do not come back at the same time. */
function toDeliveryFailure(error: Error, message: string): ApplicationFailure {
  const { attempt } = Context.current().info;
  const pauseMs = Math.min(longestPauseMs, 1000 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2);
  return ApplicationFailure.create({
    message,
    nonRetryable: error instanceof SoftwareFault,
    ...(error instanceof PeerBusy && { nextRetryDelay: Math.round(pauseMs) }),
  });
}
