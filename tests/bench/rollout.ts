import type { DeployCodeClient } from '../../src/client';
import type { Stack } from '../../src/config';
import { wipe } from '../support/docker-world';
import { Load } from '../support/load';
import { RolloutWorld } from '../support/rollout';
import { step } from '../support/events';
import { deployBare } from './bare-engine';
import { succeed, withEngine } from './engine';
import { median, ms, ratio, timed, type Figure } from './figure';

const replicas = 20;
const concurrency = 10;
const rounds = 3;
const switches = 5;

/**
 * Replacing 20 replicas behind the load balancer, beside the bare engine in the same batches; and how quick a switch
 * is.
 */
export async function rollout(): Promise<Figure[]> {
  return withEngine(async (client) => {
    const bare: number[] = [];
    const engine: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await replaced((stack) => deployBare(stack, concurrency)));
      engine.push(await replaced((stack) => succeed(client, stack)));
    }
    const list = (values: number[]) => values.map((value) => (value / 1000).toFixed(1)).join(', ');
    const { there, back } = await switched(client);
    return [
      {
        name: `rollout: rolling replacement of ${replicas} replicas against the bare engine`,
        value: ratio(median(engine) / median(bare)),
        unit: 'x',
        bar: 1.15,
        detail: `engine ${list(engine)} s; bare engine ${list(bare)} s; medians, interleaved`,
      },
      {
        name: 'rollout: blue-green switch, to the last answer of the old set',
        value: ms(median(there)),
        unit: 'ms',
        bar: 300,
        detail: there.map(ms).join(', '),
      },
      {
        name: 'rollout: switch back, from the request to the last answer of the new set',
        value: ms(median(back)),
        unit: 'ms',
        bar: 300,
        detail: back.map(ms).join(', '),
      },
    ];
  });
}

async function replaced(deploy: (stack: Stack) => Promise<unknown>): Promise<number> {
  const front = await new RolloutWorld().prepare();
  const version = (number: string) =>
    front.stack(
      number,
      { replicas, strategy: { rolling: { max_surge: 5 } } },
      { deployment: { max_parallel: concurrency } },
    );
  try {
    await deploy(version('1'));
    return await timed(() => deploy(version('2')));
  } finally {
    await wipe(front.name);
  }
}

async function switched(client: DeployCodeClient): Promise<{ there: number[]; back: number[] }> {
  const front = await new RolloutWorld().prepare();
  const version = (number: string) => front.stack(number, { strategy: { blue_green: { keep_old: '10m' } } });
  const there: number[] = [];
  const back: number[] = [];
  try {
    await succeed(client, version('1'));
    for (let round = 0; round < switches; round += 1) {
      const load = new Load({ url: front.url, connections: 4, pauseMs: 2 });
      const handle = await client.deploy(version('2'));
      let begun = 0;
      for await (const { events } of handle.watch()) {
        begun = events.find(step('step.started', 'switch '))?.at ?? begun;
        if (events.some(step('step.started', 'keep the old '))) break;
      }
      there.push(load.lastAnswer['1']! - begun);
      await load.answered(50);
      const aborted = Date.now();
      await handle.steer({ action: 'abort', by: 'bench' });
      await handle.result();
      await load.stop();
      back.push(load.lastAnswer['2']! - aborted);
    }
    return { there, back };
  } finally {
    await wipe(front.name);
  }
}
