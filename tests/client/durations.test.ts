import { milliseconds } from '../../src/cli/options';
import { interval } from '../../src/cli/output/words';
import { momentOf } from '../../src/cli/output/moment';

describe('a duration on the command line', () => {
  it.each([
    ['500ms', 500],
    ['2s', 2000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
  ])('%s', (text, ms) => expect(milliseconds(text)).toBe(ms));
  it.each(['5', '1e3', '.5', '0s', '400d', '-2s', 'soon', ''])('%j is none: it needs a unit', (text) =>
    expect(() => milliseconds(text)).toThrow('write a duration such as 30s, 15m or 6h.'),
  );

  it.each(['1h', '1h30m', '90ms', '1m30s', '2d', '0s'])('is shown as it is written: %s', (text) =>
    expect(interval(text === '0s' ? 0 : milliseconds(text))).toBe(text),
  );

  it('is told from a date, which may be a year alone', () => {
    const now = new Date('2026-01-01T00:00:00Z');
    expect(momentOf('2h', now)?.toISOString()).toBe('2026-01-01T02:00:00.000Z');
    expect(momentOf('2030', now)?.toISOString()).toBe('2030-01-01T00:00:00.000Z');
    expect(momentOf('2030-05-01T10:00Z', now)?.toISOString()).toBe('2030-05-01T10:00:00.000Z');
    expect(momentOf('1999', now)).toBeUndefined();
  });
});
