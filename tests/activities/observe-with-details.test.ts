import { observeWithDetails } from '../../src/activities/watch/observe-with-details';
import type { ObservedInstance } from '../../src/model/observation';

describe('the looks of the watch', () => {
  it('are close ones at first and every tenth time, and what those saw counts until the next', async () => {
    const asked: boolean[] = [];
    let memory = 1;
    const plain = { id: 'a', name: 'api-1', state: 'running', restart: 'always', policy: 'always' } as ObservedInstance;
    const look = observeWithDetails(async (closely) => {
      asked.push(closely);
      return { instances: [{ ...plain, ...(closely && { policy: 'no' as const, limitsInForce: { memory } }) }] };
    });
    const seen: ObservedInstance[] = [];
    for (memory = 1; memory <= 11; memory += 1) seen.push(...(await look()).instances);
    expect(asked).toEqual([true, ...Array<boolean>(9).fill(false), true]);
    expect(seen.map(({ limitsInForce }) => limitsInForce?.memory)).toEqual([...Array<number>(10).fill(1), 11]);
    expect(seen.every(({ policy }) => policy === 'no')).toBe(true);
  });

  it('know nothing of an instance that is new, or does not run', async () => {
    const states: [string, ObservedInstance['state']][] = [
      ['a', 'running'],
      ['b', 'running'],
      ['a', 'exited'],
    ];
    let at = -1;
    const look = observeWithDetails(async (closely) => {
      const [id, state] = states[(at += 1)]!;
      return {
        instances: [
          { id, state, policy: 'always', ...(closely && { limitsInForce: { cpus: 1 } }) } as ObservedInstance,
        ],
      };
    });
    const limits = [await look(), await look(), await look()].map(
      ({ instances: [instance] }) => instance!.limitsInForce,
    );
    expect(limits).toEqual([{ cpus: 1 }, undefined, undefined]);
  });
});
