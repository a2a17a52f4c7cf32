import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';
import { serviceOf } from '../../src/runtimes/kubernetes/pods/pod-lines';

const now = Date.parse('2026-11-20T12:00:00Z');
const running = (secondsAgo: number): V1ContainerState => ({
  running: { startedAt: new Date(now - secondsAgo * 1000) },
});
const pod = (state: V1ContainerState, restartCount = 0, ready = true, reason?: string): V1Pod => ({
  metadata: { name: 'api-1', labels: { 'app.kubernetes.io/name': 'api' } },
  spec: { containers: [{ name: 'api' }] },
  status: {
    containerStatuses: [
      {
        name: 'api',
        image: 'a',
        imageID: 'a',
        ready,
        restartCount,
        state,
        lastState: reason ? { terminated: { exitCode: 137, reason } } : {},
      },
    ],
  },
});

describe('the line of a pod', () => {
  it.each<[string, V1Pod, string]>([
    ['runs and is ready', pod(running(600)), 'running healthy'],
    ['runs and is not ready', pod(running(5), 0, false), 'running unhealthy'],
    ['was restarted once', pod(running(5), 1), 'running healthy'],
    ['was restarted again and again, and runs for a moment', pod(running(5), 3), 'running crash loop'],
    ['was restarted long ago', pod(running(600), 3), 'running healthy'],
    ['waits for its next start', pod({ waiting: { reason: 'CrashLoopBackOff' } }, 4, false), 'restarting crash loop'],
    [
      'has too little memory',
      pod({ waiting: { reason: 'CrashLoopBackOff' } }, 4, false, 'OOMKilled'),
      'restarting crash loop, out of memory',
    ],
    ['has no image', pod({ waiting: { reason: 'ErrImagePull' } }, 0, false), 'created ErrImagePull'],
  ])('that %s', (_, of, expected) => {
    const { state, health } = serviceOf(of, true, now);
    expect(`${state} ${health}`).toBe(expected);
  });
});
