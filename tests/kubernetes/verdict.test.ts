import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';
import type { Live } from '../../src/runtimes/kubernetes/live';
import { judge, type Expectation } from '../../src/runtimes/kubernetes/readiness/verdict';

const now = Date.parse('2026-01-01T00:01:00Z');
const ago = (seconds: number) => new Date(now - seconds * 1000) as unknown as Date;
const expectation: Expectation = { generation: 2, healthyWithinMs: 3000, attempts: 0, since: now - 30_000 };

type Status = NonNullable<V1Pod['status']>;

const container = (state: V1ContainerState, more: object = {}) => ({
  name: 'api',
  image: '',
  imageID: '',
  ready: false,
  restartCount: 0,
  state,
  ...more,
});

function pod(
  state: V1ContainerState,
  more: Partial<NonNullable<Status['containerStatuses']>[number]> = {},
  status: Partial<Status> = {},
  hash = 'new',
): V1Pod {
  return {
    metadata: {
      name: `api-${hash}`,
      labels: { 'app.kubernetes.io/name': 'api' },
      annotations: { 'deploy-code.io/hash': hash },
    },
    status: { ...status, containerStatuses: [container(state, more)] },
  };
}

function live(pods: V1Pod[], status: object = {}, more: object = {}): Live {
  const workload = {
    metadata: { generation: 2, ...more },
    spec: { replicas: 1, template: { metadata: { annotations: { 'deploy-code.io/hash': 'new' } } } },
    status: { observedGeneration: 2, ...status },
  };
  return {
    name: 'shop-test/api',
    kind: 'Deployment',
    workload,
    intended: 'running',
    record: {},
    pods,
  } as unknown as Live;
}

const verdict = (pods: V1Pod[], status?: object, wanted = expectation) => {
  const { kind, message } = judge(live(pods, status), wanted, now);
  return `${kind}: ${message}`.replace(/: $/, '');
};
const waits = (reason: string, message = '') => ({ waiting: { reason, message } });

describe('the judgement of a workload', () => {
  const whole = { updatedReplicas: 1, availableReplicas: 1, replicas: 1 };

  it('is ready where all pods are of the newest kind and available, and no other is left', () => {
    expect(verdict([], whole)).toBe('ready');
    expect(verdict([], { ...whole, replicas: 2 })).toBe('waiting');
    expect(verdict([], { ...whole, observedGeneration: 1 })).toBe('waiting');
    expect(verdict([], { ...whole, updatedReplicas: 0 })).toBe('waiting');
  });

  it('waits for the cluster to take in what was asked for', () => {
    expect(judge(live([], whole, { generation: 1 }), expectation, now)).toMatchObject({
      kind: 'waiting',
      message: 'the cluster has not processed it yet',
    });
  });

  it.each([
    [
      'failed: cannot pull its image (ImagePullBackOff): manifest unknown',
      waits('ImagePullBackOff', 'manifest unknown'),
    ],
    ['failed: cannot pull its image (ErrImagePull): pull access denied', waits('ErrImagePull', 'pull access denied')],
    [
      'platform: cannot pull its image (ErrImagePull): dial tcp 10.0.0.1:443: i/o timeout',
      waits('ErrImagePull', 'dial tcp 10.0.0.1:443: i/o timeout'),
    ],
    [
      'platform: cannot pull its image (ImagePullBackOff): toomanyrequests: rate limit',
      waits('ImagePullBackOff', 'toomanyrequests: rate limit'),
    ],
    [
      'failed: cannot start its container (CreateContainerConfigError): secret "x" not found',
      waits('CreateContainerConfigError', 'secret "x" not found'),
    ],
    ['failed: cannot start its container (InvalidImageName): bad', waits('InvalidImageName', 'bad')],
    ['waiting: ContainerCreating', waits('ContainerCreating')],
    ['failed: exited 3', { terminated: { exitCode: 3, finishedAt: ago(1) } }],
    ['failed: exited 137, out of memory', { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: ago(1) } }],
    ['waiting: is not ready yet', { running: { startedAt: ago(2) } }],
    ['failed: is not healthy after 20 s', { running: { startedAt: ago(20) } }],
  ])('is "%s" by what its pod says', (expected, state) => {
    expect(verdict([pod(state as V1ContainerState)])).toBe(expected);
  });

  it('is a crash also where the container has been restarted since, unless its policy forgives that', () => {
    const crashed = pod(waits('CrashLoopBackOff'), {
      restartCount: 1,
      lastState: { terminated: { exitCode: 1, finishedAt: ago(5) } },
    });
    expect(verdict([crashed])).toBe('failed: exited 1');
    const longAgo = pod(
      { running: { startedAt: ago(3600) } },
      { ready: true, restartCount: 1, lastState: { terminated: { exitCode: 1, finishedAt: ago(3601) } } },
    );
    expect(verdict([longAgo])).toBe('waiting');
    expect(verdict([crashed], {}, { ...expectation, attempts: 2 })).toBe('waiting: CrashLoopBackOff');
  });

  it('looks at its own container, whatever others have put beside it', () => {
    const beside = pod({ running: { startedAt: ago(20) } });
    beside.metadata!.labels = { 'app.kubernetes.io/name': 'web' };
    beside.status!.containerStatuses = [
      container({ running: { startedAt: ago(20) } }, { name: 'istio-proxy', ready: true }),
      container({ terminated: { exitCode: 4, finishedAt: ago(1) } }, { name: 'web' }),
    ];
    expect(verdict([beside])).toBe('failed: exited 4');
  });

  it('looks at pods of the newest kind only, and not at those that go', () => {
    expect(verdict([pod({ terminated: { exitCode: 1, finishedAt: ago(1) } }, {}, {}, 'old')])).toBe('waiting');
    expect(
      verdict([pod({ terminated: { exitCode: 137, finishedAt: ago(1) } }, {}, { phase: 'Failed', reason: 'Evicted' })]),
    ).toBe('waiting');
    const going = pod({ terminated: { exitCode: 1, finishedAt: ago(1) } });
    going.metadata!.deletionTimestamp = ago(1);
    expect(verdict([going])).toBe('waiting');
  });

  it('gives the scheduler a few seconds, and a volume that is made more', () => {
    const unschedulable = (seconds: number, message: string) =>
      pod(
        {},
        {},
        {
          conditions: [
            {
              type: 'PodScheduled',
              status: 'False',
              reason: 'Unschedulable',
              message,
              lastTransitionTime: ago(seconds),
            },
          ],
        },
      );
    expect(verdict([unschedulable(2, 'no room')])).toBe('waiting: cannot be scheduled yet: no room');
    expect(verdict([unschedulable(18, 'no room')])).toBe('unschedulable: cannot be scheduled: no room');
    expect(verdict([unschedulable(60, 'pod has unbound immediate PersistentVolumeClaims')])).toMatch(/^waiting/);
    expect(verdict([unschedulable(200, 'pod has unbound immediate PersistentVolumeClaims')])).toMatch(/^unschedulable/);
  });

  it('tells what the cluster refuses to make', () => {
    expect(
      verdict([], { conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota: small' }] }),
    ).toBe('failed: cannot create pods: exceeded quota: small');
  });
});
