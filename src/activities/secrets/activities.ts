import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';

/** Activities on the worker's own keys. */
export function sealingActivities({
  secrets,
}: Pick<Dependencies, 'secrets'>): Pick<Activities, 'sealingKey' | 'resealSecrets'> {
  return {
    sealingKey: () => Promise.resolve(secrets.sealingKey()),
    resealSecrets: async (sealed) => secrets.reseal(sealed),
  };
}
