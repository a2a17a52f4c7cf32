import fc from 'fast-check';
import { Turns } from '../../src/workflows/support/turn';

/** Some coroutines wait for an event each, then take some steps, then do something: in which order? */
async function orderOf(steps: readonly number[], together: boolean): Promise<number[]> {
  const turns = new Turns();
  const order: number[] = [];
  const happen: (() => void)[] = [];
  const all = steps.map(async (count, index) => {
    await turns.take(new Promise<void>((resolve) => (happen[index] = resolve)));
    for (let step = 0; step < count; step += 1) await Promise.resolve();
    order.push(index);
  });
  for (const each of happen) {
    each();
    if (!together) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(all);
  return order;
}

describe('turns', () => {
  it('go by the order of events, whether they come together or one by one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 8 }), async (steps) => {
        const expected = steps.map((_, index) => index);
        expect(await orderOf(steps, true)).toEqual(expected);
        expect(await orderOf(steps, false)).toEqual(expected);
      }),
    );
  });

  it('go on after an event that is a failure', async () => {
    const turns = new Turns();
    await expect(turns.take(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await turns.take(Promise.resolve('next'))).toBe('next');
  });
});
