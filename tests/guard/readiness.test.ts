import { Registry } from 'prom-client';
import { serveHttp, portOf } from '../../src/telemetry/http';
import { unreadiness, type QueueFacts } from '../../src/worker/readiness';
import { ReadinessWatch } from '../../src/worker/watch-readiness';
import { stopListening } from '../support/local-server';

const now = 1_000_000_000;
const queue = (more: Partial<QueueFacts> = {}): QueueFacts => ({ queue: 'deploy-code', state: 'RUNNING', ...more });
const facts = (more: object = {}) => ({ queues: [queue()], answeredAt: now, lagMs: 0, ...more });

describe('a worker is ready', () => {
  it.each([
    ['when it serves its queues', facts(), []],
    ['not before it has reached Temporal', facts({ queues: undefined }), ['it has not reached Temporal yet']],
    [
      'not when one of its queues is served no more',
      facts({ queues: [queue(), queue({ queue: 'deploy-code/edge', state: 'DRAINING' })] }),
      ['the worker of deploy-code/edge is draining'],
    ],
    ['when all slots are taken for a moment', facts({ queues: [queue({ fullSince: now - 30_000 })] }), []],
    [
      'not when they have been taken for long',
      facts({ queues: [queue({ fullSince: now - 61_000 })] }),
      ['all slots of deploy-code have been in use for 61 s'],
    ],
    ['not when Temporal does not answer', facts({ answeredAt: now - 31_000 }), ['Temporal has not answered for 31 s']],
    ['not when its event loop stands still', facts({ lagMs: 6000 }), ['its event loop was blocked for 6 s']],
    ['when it has polled within the time of a poll', facts({ queues: [queue({ polledAt: now - 100_000 })] }), []],
    [
      'not when Temporal sees none of its polls',
      facts({ queues: [queue({ polledAt: now - 200_000 })] }),
      ['it has not polled deploy-code for 200 s'],
    ],
    [
      'as far as polls go, when it has no slot to poll for',
      facts({ queues: [queue({ polledAt: now - 200_000, fullSince: now - 1000 })] }),
      [],
    ],
  ])('%s', (_, given, expected) => expect(unreadiness(given, now)).toEqual(expected));

  it('and says at /readyz why it is not', async () => {
    const watch = new ReadinessWatch(100);
    const server = await serveHttp({
      port: 0,
      metrics: new Registry(),
      sdkMetrics: async () => '',
      problems: () => watch.problems(),
      onFailure: () => undefined,
    });
    const ask = async () => {
      const answer = await fetch(`http://127.0.0.1:${portOf(server)}/readyz`);
      return `${answer.status} ${await answer.text()}`;
    };
    try {
      expect(await ask()).toBe('503 not ready\nit has not reached Temporal yet\n');
      let inFlight = 0;
      const served = {
        getState: () => 'RUNNING',
        getStatus: () => ({ numInFlightActivities: inFlight }),
        options: { taskQueue: 'deploy-code', identity: 'me' },
      };
      watch.observe(
        [served] as never,
        { connection: { workflowService: {} }, options: { namespace: 'default' } } as never,
      );
      expect(await ask()).toBe('200 ready\n');
      inFlight = 100;
      const clock = jest.spyOn(performance, 'now');
      clock.mockReturnValue(now);
      watch.problems();
      clock.mockReturnValue(now + 100_000);
      expect(watch.problems()).toContain('all slots of deploy-code have been in use for 100 s');
      clock.mockRestore();
    } finally {
      watch.close();
      stopListening(server);
    }
  });
});
