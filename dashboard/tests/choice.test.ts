import { choiceIn, chosen, urgencyOf } from '../src/pages/wall/choice';

describe('the wall', () => {
  const tile = (stack: string, more: object = {}) =>
    ({
      place: { stack, environment: 'test' },
      health: 'healthy',
      findings: [],
      findingCount: 0,
      queued: 0,
      ...more,
    }) as never;
  const running = { id: 'r', deployment: 2, waits: false, by: 'ben' };
  const tiles = [
    tile('a'),
    tile('b', { health: 'degraded' }),
    tile('c', { failed: { deployment: 2, outcome: 'rolled_back' } }),
    tile('d', { running }),
    tile('e', { running: { ...running, waits: true } }),
    tile('f', { freeze: { by: 'ana', at: 0, refuse: false } }),
    tile('g', { health: 'drifted' }),
  ];
  const names = (query: string) =>
    chosen(tiles, choiceIn(new URLSearchParams(query)))
      .map(({ place }) => place.stack)
      .join('');

  it('has what is most urgent first', () => {
    expect(names('')).toBe('bcegdfa');
    expect(tiles.map(urgencyOf)).toEqual([0, 6, 5, 2, 4, 1, 3]);
    expect(names('sort=name')).toBe('abcdefg');
  });

  it('has what cannot be read beside what is degraded', () => {
    expect(urgencyOf(tile('h', { health: 'unreadable' }))).toBe(urgencyOf(tiles[1]!));
  });

  it('shows what an address chooses, and everything for what it has wrong', () => {
    expect(names('show=trouble')).toBe('bcg');
    expect(names('show=running')).toBe('ed');
    expect(names('show=waiting')).toBe('e');
    expect(names('show=held')).toBe('f');
    expect(names('search=BEN%20test')).toBe('ed');
    expect(names('show=nonsense&sort=__proto__')).toBe('bcegdfa');
  });
});
