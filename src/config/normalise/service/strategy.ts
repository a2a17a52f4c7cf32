import type { ApprovalInput, StrategyInput } from '../../schema/strategy';
import { toMs } from '../../schema/values';
import type { Analysis, Approval, ServiceStrategy } from '../../../model/stack';
import { Malformed, toWords } from '../words';

type Options = Exclude<StrategyInput, string>;
type Canary = NonNullable<Options['canary']>;

/** @throws Malformed unless there is exactly one strategy, with options that let it replace instances */
export function toStrategy(
  input: StrategyInput | undefined,
  replicas: number,
  defaultStrategy: 'recreate' | 'rolling',
): ServiceStrategy {
  const options: Options = typeof input === 'object' ? input : {};
  const given = typeof input === 'object' ? (Object.keys(input) as (keyof Options)[]) : [input ?? defaultStrategy];
  if (given.length !== 1)
    throw new Malformed(
      given.length === 0
        ? 'has no strategy; set one of rolling, blue_green and canary'
        : `has ${given.join(' and ')}; keep one`,
    );
  switch (given[0]!) {
    case 'recreate':
      return { kind: 'recreate' };
    case 'rolling':
      return toRolling(options.rolling ?? {}, replicas);
    case 'blue_green':
      return toBlueGreen(options.blue_green ?? {});
    case 'canary':
      return toCanary(options.canary!);
  }
}

function toRolling(input: NonNullable<Options['rolling']>, replicas: number): ServiceStrategy {
  const maxSurge = toCount(input.max_surge ?? 1, Math.max(1, replicas), Math.ceil);
  const maxUnavailable = toCount(input.max_unavailable ?? 0, replicas, Math.floor);
  if (maxSurge + maxUnavailable === 0)
    throw new Malformed(
      'max_surge and max_unavailable are both 0, so no instance could be replaced; set one of them to at least 1',
    );
  return { kind: 'rolling', maxSurge, maxUnavailable, minHealthyMs: toMs(input.min_healthy_time ?? 0) };
}

function toCount(amount: number | string, replicas: number, round: (value: number) => number): number {
  return typeof amount === 'number' ? amount : round((replicas * Number(amount.replace('%', ''))) / 100);
}

function toBlueGreen({ smoke_test: smoke, approval, keep_old }: NonNullable<Options['blue_green']>): ServiceStrategy {
  return {
    kind: 'blue_green',
    ...(smoke && {
      smokeTest: {
        command: toWords(smoke.command),
        ...(smoke.image !== undefined && { image: smoke.image }),
        timeoutMs: toMs(smoke.timeout ?? '5m'),
      },
    }),
    ...toApproval(approval),
    keepOldMs: toMs(keep_old ?? '1m'),
  };
}

function toCanary({ steps, analysis }: Canary): ServiceStrategy {
  const wrong = steps.find(
    ({ weight }, index) => weight < 1 || weight > 99 || weight <= (steps[index - 1]?.weight ?? 0),
  );
  if (wrong)
    throw new Malformed(
      `has a step of weight ${wrong.weight}; weights are whole per cent from 1 to 99, each greater than the one before`,
    );
  return {
    kind: 'canary',
    steps: steps.map(({ weight, bake, approval }) => ({ weight, bakeMs: toMs(bake ?? 0), ...toApproval(approval) })),
    ...(analysis && { analysis: toAnalysis(analysis) }),
  };
}

function toAnalysis({ interval, checks, samples, without_answer }: NonNullable<Canary['analysis']>): Analysis {
  return {
    intervalMs: Math.max(100, toMs(interval ?? 10)),
    checks: checks.map(({ name, query, baseline, min, max, max_ratio, max_difference }) => {
      const compares = max_ratio !== undefined || max_difference !== undefined;
      if (!compares && min === undefined && max === undefined)
        throw new Malformed(`the check "${name ?? query}" has no limit; set min, max, max_ratio or max_difference`);
      if (compares && baseline === undefined)
        throw new Malformed(
          `the check "${name ?? query}" has no baseline for its max_ratio or max_difference; set baseline`,
        );
      return { name: name ?? query, query, baseline, min, max, maxRatio: max_ratio, maxDifference: max_difference };
    }),
    samples,
    withoutAnswer: without_answer ?? 'fail',
  };
}

function toApproval(input: ApprovalInput | undefined): { approval?: Approval } {
  if (!input) return {};
  const { timeout = '1h', default: otherwise = 'reject' } = input === true ? {} : input;
  return { approval: { timeoutMs: toMs(timeout), otherwise } };
}
