import type { Stack } from '../../src/client';
import type { ProgressEvent } from '../../src/workflows/messages';
import { states } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { Load } from '../support/load';
import { describeWith } from '../support/parts';
import { type RolloutWorld, RolloutWorlds } from '../support/rollout';
import { notesOf, step } from '../support/events';

const intervalMs = 1000;
const scrape = `
global: {scrape_interval: 500ms}
scrape_configs:
  - job_name: web
    dns_sd_configs: [{names: [web, web.next], type: A, port: 8080, refresh_interval: 500ms}]
    relabel_configs: [{source_labels: [__meta_dns_name], target_label: set}]
`;
const share = (set: string) =>
  `sum(rate(http_requests_total{set="${set}",code="500"}[4s])) / sum(rate(http_requests_total{set="${set}"}[4s]))`;
const latency = (set: string) =>
  `sum(rate(http_request_seconds_sum{set="${set}"}[4s])) / sum(rate(http_request_seconds_count{set="${set}"}[4s]))`;

describeWith('docker', 'a canary judged by Prometheus', () => {
  let engine: TestEngine;
  const worlds = new RolloutWorlds();
  beforeAll(async () => void (engine = await startEngine('canaries')));
  afterAll(async () => {
    await worlds.wipe();
    await engine.close();
  });

  const judged = (front: RolloutWorld, version: string, environment: Record<string, string> = {}): Stack =>
    front.stack(
      version,
      {
        environment,
        strategy: {
          canary: {
            steps: [{ weight: 20, bake: '12s' }],
            analysis: {
              interval: '1s',
              samples: { query: 'sum(increase(http_requests_total{set="{{next}}"}[10s]))', min: 20 },
              checks: [
                { name: 'errors', query: share('{{next}}'), max: 0.02 },
                { name: 'latency', query: latency('{{next}}'), baseline: latency('{{stable}}'), max_difference: 0.05 },
              ],
            },
          },
        },
      },
      {
        monitoring: { prometheus: { endpoint: 'http://prometheus:9090' } },
        configs: { prometheus: { content: scrape } },
        services: {
          prometheus: {
            image: 'prom/prometheus:v2.42.0',
            configs: { prometheus: '/etc/prometheus/prometheus.yml' },
            health_check: { http: ':9090/-/ready', interval: '500ms', start_period: '30s' },
          },
        },
      },
    );

  const world = async (): Promise<RolloutWorld> => {
    const front = await worlds.next();
    expect(await (await engine.client.deploy(judged(front, '1'))).result()).toMatchObject({ outcome: 'succeeded' });
    return front;
  };

  it.each([
    ['5 % of errors', { ERROR_RATE: '0.05' }, /errors is 0\.0\d+, more than 0\.02/],
    ['latency', { LATENCY_MS: '200' }, /latency is 0\.\d+, more than 0\.05 above the 0\.\d+ of the old set/],
  ])('is taken back within one look when it brings %s', async (_, environment, why) => {
    const front = await world();
    const load = new Load({ url: front.url, connections: 8, pauseMs: 10 });
    const running = await engine.client.deploy(judged(front, '2', environment));
    const events: ProgressEvent[] = [];
    for await (const progress of running.watch()) events.push(...progress.events);
    expect(await running.result()).toMatchObject({
      outcome: 'rolled_back',
      leftBehind: [],
      cause: { service: 'web', message: expect.stringMatching(why) as string },
    });
    const caught = events.find(step('step.failed', 'bake web'))!.at;
    await load.answered(100);
    const { failed } = await load.stop();
    expect(Object.keys(failed).filter((what) => what !== 'status 500')).toEqual([]);
    expect(load.lastAnswer['2']! - caught).toBeLessThan(2 * intervalMs);
    expect((await states(front.name)).filter((line) => line.startsWith('web'))).toEqual([
      'web-1-d1 running',
      'web-2-d1 running',
      'web-3-d1 running',
    ]);
  });

  it('takes over when its numbers are good', async () => {
    const front = await world();
    const load = new Load({ url: front.url, connections: 8, pauseMs: 10 });
    const running = await engine.client.deploy(judged(front, '2'));
    const notes: string[] = [];
    for await (const { events } of running.watch()) notes.push(...notesOf(events));
    expect(await running.result()).toMatchObject({ outcome: 'succeeded' });
    expect(notes.some((note) => note.startsWith('bake web at 20 % for 12 s: errors 0, latency 0'))).toBe(true);
    expect((await load.stop()).failed).toEqual({});
  });
});
