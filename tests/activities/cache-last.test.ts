import { cacheLast } from '../../src/activities/watch/cache-last';

it('works again only when its input has changed', () => {
  const seen: number[] = [];
  const double = cacheLast(({ value }: { value: number }) => {
    seen.push(value);
    return value * 2;
  });
  expect([double({ value: 1 }), double({ value: 1 }), double({ value: 2 }), double({ value: 1 })]).toEqual([
    2, 2, 4, 2,
  ]);
  expect(seen).toEqual([1, 2, 1]);
});

it('remembers no failure', () => {
  let fails = true;
  const work = cacheLast(() => {
    if (fails) throw new Error('not yet');
    return 'done';
  });
  expect(() => work({})).toThrow('not yet');
  fails = false;
  expect(work({})).toBe('done');
});
