import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { withHeartbeat } from '../heartbeat';

/** Activities on the worker's own keys. */
export function sealingActivities({
  secrets,
}: Pick<Dependencies, 'secrets'>): Pick<Activities, 'sealingKey' | 'resealSecrets' | 'resealLogins'> {
  return {
    sealingKey: () => Promise.resolve(secrets.sealingKey()),
    resealSecrets: async (sealed) => secrets.reseal(sealed),
    resealLogins: (sealed) => withHeartbeat(() => Promise.resolve(secrets.resealLogins(sealed))),
  };
}
