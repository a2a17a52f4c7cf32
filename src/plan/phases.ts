import type { Service } from '../model/stack';
import type { Refusal } from './plan';
import { inOrder } from './graph';

type Services = Record<string, Pick<Service, 'dependsOn' | 'phase'>>;

export interface Phases {
  /** Phase (from 1) of every service. */
  of: Record<string, number>;
  refusals: Refusal[];
}

/**
 * The phase of every service: the requested one, else the earliest after its dependencies. A phase that is not after
 * those of all dependencies is refused, because services of one phase start in parallel.
 */
export function assignPhases(services: Services): Phases {
  const of: Record<string, number> = {};
  const refusals: Refusal[] = [];
  for (const name of inOrder(services)) {
    const { dependsOn, phase } = services[name]!;
    const known = Object.keys(dependsOn).filter((dependency) => of[dependency] !== undefined);
    const earliest = Math.max(0, ...known.map((dependency) => of[dependency]!)) + 1;
    if (phase !== undefined && phase < earliest) {
      const last = known.find((dependency) => of[dependency] === earliest - 1)!;
      refusals.push({
        path: `services.${name}.phase`,
        message:
          `phase ${phase} is too early: ${name} depends on ${last}, which is ` +
          `in phase ${of[last]}; use ${earliest} or later`,
      });
    }
    of[name] = Math.max(phase ?? earliest, earliest);
  }
  return { of, refusals };
}
