import type { DeploymentResult, Stack } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import type { Place } from '../../src/workflows/messages';
import { Random } from '../chaos/random';
import { startEngine, type TestEngine } from '../support/engine';
import { memoryStack } from '../support/memory-stack';
import { Unreliability } from '../support/unreliable-runtime';
import { until } from '../support/until';
import { isFull } from '../support/exhaustive';

const wanted = isFull ? 10_000 : 40;
const seed = Number(process.env.DEPLOY_CODE_SEED ?? 4711);
const environments = 12;
const checked = { health_check: { command: ['check'], interval: '50ms', retries: 2 } };

interface Variant {
  note: number;
  replicas: number;
  extra: boolean;
  broken: boolean;
}

describe(`${wanted} simulated faults of the platform (seed ${seed})`, () => {
  const host = new MemoryHost();
  host.exits['broken:1'] = 1;
  const unreliability = new Unreliability(new Random(seed, 0));
  let engine: TestEngine;
  beforeAll(
    async () =>
      void (engine = await startEngine('simulation', {
        runtimes: { memory: unreliability.around(createMemoryRuntime(host)) },
      })),
  );
  afterAll(() => engine.close());

  const toStack = (name: string, { note, replicas, extra, broken }: Variant): Stack => ({
    ...memoryStack(
      {
        store: { image: 'store:1', volumes: ['data:/data'], ...checked },
        migrate: {
          image: 'migrate:1',
          kind: 'job',
          environment: { NOTE: String(note) },
          depends_on: { store: 'healthy' },
        },
        api: {
          image: `api:${note % 3}`,
          replicas,
          environment: { NOTE: String(note) },
          depends_on: { migrate: 'completed' },
          ...checked,
        },
        web: {
          image: broken ? 'broken:1' : 'web:1',
          environment: { NOTE: String(Math.floor(note / 2)) },
          depends_on: { api: 'healthy' },
        },
        ...(extra && { extra: { image: 'extra:1' } }),
      },
      {
        volumes: { data: {} },
        watch: { enabled: false },
        deployment: { circuit_breaker_threshold: 0, timeout_seconds: 3600 },
      },
    ),
    name,
  });

  /** What runs, instance by instance, and whether anything is left over. */
  const running = (name: string) =>
    [...host.instances.values()]
      .filter(({ spec }) => spec.stack === name && spec.kind !== 'job')
      .map(
        ({ spec, status, policy }) =>
          `${spec.service}-${spec.ordinal} ${spec.variables.NOTE ?? ''} ${status.state} ${policy}`,
      )
      .sort();
  const expected = ({ note, replicas, extra }: Variant) =>
    [
      'store-1  running unless-stopped',
      `web-1 ${Math.floor(note / 2)} running unless-stopped`,
      ...(extra ? ['extra-1  running unless-stopped'] : []),
      ...Array.from({ length: replicas }, (_, index) => `api-${index + 1} ${note} running unless-stopped`),
    ].sort();

  /** No lock and no queue entry is left. */
  const quiet = async (place: Place) => {
    await until(async () => {
      const state = await engine.client.environment(place);
      return !state?.running && !state?.queue.length;
    });
  };

  /** Deploys at random until there were enough faults; nothing that is not broken may ever fail. */
  const play = async (index: number) => {
    const random = new Random(seed, index + 1);
    const name = `sim-${process.pid}-${index}`;
    const place = { stack: name, environment: 'test' };
    let current: Variant | undefined;
    for (let round = 1; unreliability.faults < wanted; round += 1) {
      unreliability.share = random.between(0.05, 0.2);
      const next: Variant = {
        note: round,
        replicas: 1 + random.below(3),
        extra: random.chance(0.5),
        broken: random.chance(0.3),
      };
      const before = running(name);
      const handle = await engine.client.deploy(toStack(name, next));
      if (random.chance(0.2)) await handle.cancel('chance');
      const result: DeploymentResult = await handle.result();
      if (result.outcome === 'succeeded') current = next;
      const seen = { round, outcome: result.outcome, cause: result.cause?.message, leftBehind: result.leftBehind };
      expect(seen).toEqual({
        ...seen,
        outcome:
          next.broken && result.outcome !== 'cancelled'
            ? 'rolled_back'
            : expect.stringMatching(/^(succeeded|cancelled)$/),
        leftBehind: [],
      });
      expect({ round, seen, running: running(name) }).toEqual({
        round,
        seen,
        running: result.outcome === 'succeeded' ? expected(current!) : before,
      });
      await quiet(place);
    }
    return { name, rounds: (await engine.client.environment(place))?.numbers.deployment };
  };

  it('cost no deployment that is not broken, leave nothing behind and no lock, and undo exactly', async () => {
    const played = await Promise.all(Array.from({ length: environments }, (_, index) => play(index)));
    expect(unreliability.faults).toBeGreaterThanOrEqual(wanted);
    expect(played.every(({ rounds }) => rounds! > 0)).toBe(true);
  }, 3_600_000);
});
