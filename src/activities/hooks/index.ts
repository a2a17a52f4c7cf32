import type { HookRefusal, HookVerdict, Trigger } from '../../model/hooks';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
import { withHeartbeat } from '../heartbeat';
import { eventOf, NoEvent } from './events';
import { ordersOf } from './orders';
import { Refused, verify, type Received } from './signatures';

/** A shorter secret could be guessed. */
const shortestSecret = 16;
/** An event of more than this time ago is not deployed: Temporal may have forgotten that it was. */
const oldestMs = 24 * 3600 * 1000;

/** Verifies requests to triggers. Their secrets are opened here only; the server never has them. */
export function hookActivities({
  secrets,
  directory,
}: Pick<Dependencies, 'secrets' | 'directory'>): Pick<Activities, 'readHook'> {
  return {
    readHook: ({ stack, environment }, number, name, delivery) =>
      withHeartbeat(async () => {
        const release = await directory.release(stack, environment, number);
        const trigger = release?.stack.triggers?.find((each) => each.name === name);
        if (!release || !trigger) return refused('secret', `release ${number} with the trigger ${name} is gone`);
        const secret = await secretOf(trigger, secrets);
        if (typeof secret !== 'string') return secret;
        return judge({ trigger, secret, delivery, place: { stack, environment }, now: Date.now() }, (service) => {
          const { services } = release.stack;
          return Object.hasOwn(services, service);
        });
      }),
  };
}

/** The secret of a trigger, or why there is none. */
async function secretOf(
  { name, secret }: Trigger,
  secrets: Pick<Dependencies['secrets'], 'read'>,
): Promise<string | HookVerdict> {
  try {
    const text = (await secrets.read(secret.name, secret.source)).trim();
    if (text.length >= shortestSecret) return text;
    return refused('secret', `the secret of the trigger ${name} has fewer than ${shortestSecret} characters`);
  } catch (error) {
    if (!(error instanceof SoftwareFault)) throw error;
    return refused('secret', `the secret of the trigger ${name} cannot be read: ${error.message}`);
  }
}

/** What to do about a delivery. Nothing of its body is read before its signature is verified. */
export function judge(received: Received, hasService: (name: string) => boolean): HookVerdict {
  const { trigger, delivery, now } = received;
  const body = Buffer.from(delivery.body, 'base64');
  try {
    const { id } = verify(received, body);
    const event = eventOf(trigger.from, delivery.headers, body);
    if (event.at !== undefined && now - event.at > oldestMs)
      return refused('stale', 'the event happened more than a day ago');
    return ordersOf(trigger, event, id, hasService);
  } catch (error) {
    if (error instanceof Refused) return refused(error.reason, error.message);
    if (error instanceof NoEvent) return { verdict: 'ignored', message: error.message };
    throw error;
  }
}

function refused(reason: HookRefusal, message: string): HookVerdict {
  return { verdict: 'refused', reason, message };
}
