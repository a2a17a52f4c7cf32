import type { Service } from '../../../model/stack';
import { pullInterval } from '../../schema/values';

const unitMs: Record<string, number> = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };

/** When to pull an image. `build` is no policy of the engine: clients build. */
export function toPullPolicy(policy = 'missing'): Pick<Service, 'pullPolicy' | 'pullAfterMs'> {
  if (pullInterval.test(policy)) return { pullPolicy: 'always', pullAfterMs: intervalMs(policy) };
  return { pullPolicy: policy === 'always' || policy === 'never' ? policy : 'missing' };
}

function intervalMs(policy: string): number {
  const text = { daily: '1d', weekly: '1w' }[policy] ?? policy;
  return [...text.matchAll(/(\d+)([wdhms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * unitMs[unit!]!,
    0,
  );
}
