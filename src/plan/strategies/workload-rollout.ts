import type { Service, ServiceStrategy } from '../../model/stack';
import { besideName } from '../../kubernetes/names';
import type { ServedBy } from '../../model/instance';
import type { Beside, InstanceSpec, Workload } from '../../model/instance';
import { toRef } from '../service/instance-spec';
import type { Judgement, Lane, Step } from '../plan';
import type { StepFactory } from '../steps';
import { approve, bake, instancesFor } from './canary';
import type { Rollout } from './strategy';

/** A workload as it shall be, in the place of one that serves. */
export interface WorkloadReplacement {
  service: Service;
  instance: InstanceSpec & { workload: Workload };
  /** How many pods serve. */
  replicas: number;
  /** Whether a Gateway can give the new version a share: it lets in what runs already. */
  byWeight: boolean;
  /** Makes the service's own workload what it shall be. */
  update: Lane;
  testOf: (next: InstanceSpec, test: { command: string[]; image?: string }) => InstanceSpec;
  judge?: Judgement;
  steps: StepFactory;
}

/** How a cluster gets from the old pods of a service to its new ones. `recreate` and `rolling` are its own. */
export function rollOutWorkload(replacement: WorkloadReplacement, strategy: ServiceStrategy): Rollout {
  switch (strategy.kind) {
    case 'canary':
      return canary(replacement, strategy);
    case 'blue_green':
      return blueGreen(replacement, strategy);
    default:
      return { stages: [[replacement.update]], tail: [], beside: false };
  }
}

/**
 * A share of the requests goes to pods of the new kind: what a Gateway lets in by weight, else by their part of all
 * pods, to which the service's name leads then. Once they have held, the others become like them.
 */
function canary(
  replacement: WorkloadReplacement,
  { steps: weights }: Extract<ServiceStrategy, { kind: 'canary' }>,
): Rollout {
  const {
    service: { name },
    update,
    byWeight,
    judge,
    steps,
  } = replacement;
  const lane = weights.flatMap((share, index): Step[] => {
    const { weight } = share;
    const instance = beside(
      replacement,
      'canary',
      byWeight ? instancesFor(weight, replacement.replicas) : podsFor(weight, replacement.replicas),
    );
    const select = (to: ServedBy) => steps.make({ kind: 'select', instance: toRef(replacement.instance), to }, name);
    return [
      index === 0
        ? steps.make({ kind: 'start', instance }, name)
        : {
            ...steps.make({ kind: 'update', instance }, name),
            id: `${name}/update/canary-${weight}`,
            title: `grow the canary of ${name} to ${weight} %`,
          },
      ...(byWeight ? [select({ workload: instance.name, share: weight })] : index === 0 ? [select('*')] : []),
      ...bake(share, { service: name, judge, steps }),
      ...approve(share, { service: name, steps }),
    ];
  });
  return { stages: [[[...lane, ...update, away(replacement, 'canary')]]], tail: [], beside: true };
}

/**
 * A whole new set beside the old one, tested and approved before it gets a request. While it serves, the service's own
 * workload becomes like it.
 */
function blueGreen(
  replacement: WorkloadReplacement,
  { smokeTest, approval, keepOldMs }: Extract<ServiceStrategy, { kind: 'blue_green' }>,
): Rollout {
  const {
    service: { name },
    instance,
    update,
    testOf,
    steps,
  } = replacement;
  const next = beside(replacement, 'next', replacement.replicas);
  const lane: Lane = [
    steps.make({ kind: 'start', instance: next }, name),
    ...(smokeTest
      ? [steps.make({ kind: 'test', instance: testOf(next, smokeTest), timeoutMs: smokeTest.timeoutMs }, name)]
      : []),
    ...(approval ? [steps.make({ kind: 'approve', label: `approve the switch of ${name}`, approval }, name)] : []),
    steps.make({ kind: 'select', instance: toRef(instance), to: next.name }, name),
  ];
  const keep: Lane =
    keepOldMs > 0
      ? [
          steps.make(
            { kind: 'hold', label: `keep the old ${name} for ${keepOldMs / 1000} s`, durationMs: keepOldMs },
            name,
          ),
        ]
      : [];
  return { stages: [[lane]], tail: [[[...keep, ...update, away(replacement, 'next')]]], beside: true };
}

function beside({ instance }: WorkloadReplacement, which: Beside, replicas: number): InstanceSpec {
  const { workload } = instance;
  return { ...instance, name: besideName(instance.name, which), workload: { ...workload, replicas, beside: which } };
}

/** Requests leave it as it goes. */
function away({ instance, steps }: WorkloadReplacement, which: Beside): Step {
  return steps.about('remove', { ...toRef(instance), name: besideName(instance.name, which) });
}

/** Beside so many of the old ones they get about that share, in per cent. */
function podsFor(weight: number, replicas: number): number {
  return Math.max(1, Math.round((replicas * weight) / (100 - weight)));
}
