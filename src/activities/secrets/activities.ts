import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';

/** Activities on the worker's own key. */
export function sealingActivities({ secrets }: Pick<Dependencies, 'secrets'>): Pick<Activities, 'sealingKey'> {
  return { sealingKey: () => Promise.resolve(secrets.sealingKey()) };
}
