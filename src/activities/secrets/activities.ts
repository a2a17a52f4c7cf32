import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { withHeartbeat } from '../heartbeat';

/** Activities on the worker's own keys. */
export function sealingActivities({
  secrets,
  directory,
}: Pick<Dependencies, 'secrets' | 'directory'>): Pick<
  Activities,
  'sealingKey' | 'resealSecrets' | 'resealLogins' | 'passResealed'
> {
  return {
    sealingKey: () => Promise.resolve(secrets.sealingKey()),
    resealSecrets: async (sealed) => secrets.reseal(sealed),
    passResealed: ({ stack, environment }, resealed) =>
      withHeartbeat(() => directory.passResealed({ stack, environment }, resealed)),
    resealLogins: (sealed) => withHeartbeat(() => Promise.resolve(secrets.resealLogins(sealed))),
  };
}
