import type { Service, ServiceStrategy } from '../../model/stack';
import { besideName } from '../../kubernetes/names';
import type { Beside, InstanceSpec, ServedBy, Workload } from '../../model/instance';
import { toRef } from '../service/instance-spec';
import type { Judgement, Lane, Step } from '../plan';
import type { StepFactory } from '../steps';
import { approve, bake, instancesFor } from './canary';
import type { Rollout } from './strategy';

/** The desired workload of a service, which replaces the running one. */
export interface WorkloadReplacement {
  service: Service;
  instance: InstanceSpec & { workload: Workload };
  /** Number of pods that serve. */
  replicas: number;
  /** Whether a Gateway, which already routes to the service, can send a share to the new version. */
  byWeight: boolean;
  /** Updates the service's own workload. */
  update: Lane;
  testOf: (next: InstanceSpec, test: { command: string[]; image?: string }) => InstanceSpec;
  judge?: Judgement;
  steps: StepFactory;
}

/** Replaces the pods of a service by its strategy. The cluster itself implements `recreate` and `rolling`. */
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
 * Sends a share of the requests to canary pods: by weight through a Gateway, else by their share of all pods behind the
 * service's name. Then updates the service's own workload.
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
        : steps.make(
            {
              kind: 'update',
              at: `canary-${weight}`,
              label: `grow the canary of ${name} to ${weight} %`,
              instance,
            },
            name,
          ),
      ...(byWeight ? [select({ workload: instance.name, share: weight })] : index === 0 ? [select('*')] : []),
      ...bake(share, { service: name, judge, steps }),
      ...approve(share, { service: name, steps }),
    ];
  });
  return { stages: [[[...lane, ...update, removeBeside(replacement, 'canary')]]], tail: [], beside: true };
}

/**
 * Starts a complete new set beside the old one, tests and approves it before it gets requests. While it serves, updates
 * the service's own workload.
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
    ...(approval
      ? [steps.make({ kind: 'approve', at: 'switch', label: `approve the switch of ${name}`, approval }, name)]
      : []),
    steps.make({ kind: 'select', instance: toRef(instance), to: next.name }, name),
  ];
  const keep: Lane =
    keepOldMs > 0
      ? [
          steps.make(
            {
              kind: 'hold',
              at: 'keep-old',
              label: `keep the old ${name} for ${keepOldMs / 1000} s`,
              durationMs: keepOldMs,
            },
            name,
          ),
        ]
      : [];
  return { stages: [[lane]], tail: [[[...keep, ...update, removeBeside(replacement, 'next')]]], beside: true };
}

function beside({ instance }: WorkloadReplacement, which: Beside, replicas: number): InstanceSpec {
  const { workload } = instance;
  return { ...instance, name: besideName(instance.name, which), workload: { ...workload, replicas, beside: which } };
}

/** Removes the temporary workload; its requests return to the service's own. */
function removeBeside({ instance, steps }: WorkloadReplacement, which: Beside): Step {
  return steps.about('remove', { ...toRef(instance), name: besideName(instance.name, which) });
}

/** Number of canary pods that get about `weight` per cent of the requests beside `replicas` old pods. */
function podsFor(weight: number, replicas: number): number {
  return Math.max(1, Math.round((replicas * weight) / (100 - weight)));
}
