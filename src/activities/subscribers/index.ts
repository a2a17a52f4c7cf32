import { ApplicationFailure } from '@temporalio/common';
import type { NamedSecret, Notification, SubscriberTarget } from '../../model/notification';
import { alive } from '../alive';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
import { addToStream } from './redis';
import { sendToSlack } from './slack';
import { sendToWebhook } from './webhook';

/** Tells those who subscribed. */
export function subscriberActivities({ secrets }: Pick<Dependencies, 'secrets'>): Pick<Activities, 'deliver'> {
  const secret = (use: NamedSecret) => secrets.read(use.name, use.source);
  const send = async (target: SubscriberTarget, notification: Notification): Promise<void> => {
    switch (target.kind) {
      case 'webhook':
        return sendToWebhook(target.url, notification, target.key && (await secret(target.key)));
      case 'slack':
        return sendToSlack(await secret(target.url), notification);
      case 'redis':
        return addToStream(target, notification, target.password && (await secret(target.password)));
    }
  };
  return {
    deliver: ({ target }, notification) => alive(() => send(target, notification).catch((error: Error) => {
      throw ApplicationFailure.create({ message: secrets.mask(error.message), nonRetryable: error instanceof SoftwareFault });
    })),
  };
}
