import fc from 'fast-check';
import type { FreezeWindow } from '../../src/model/stack';
import { isWithin, openWindow } from '../../src/plan/freeze-windows';

const week = 7 * 24 * 60;
const window = (more: Partial<FreezeWindow>): FreezeWindow => ({
  from: 0,
  to: 1,
  timeZone: 'UTC',
  text: 'test',
  refuse: false,
  ...more,
});
const friday = (4 * 24 + 18) * 60;
const monday = 8 * 60;

describe('a freeze window', () => {
  it('goes from Friday evening over the weekend to Monday morning, by the clock of its place', () => {
    const weekend = window({ from: friday, to: monday, timeZone: 'Europe/Berlin' });
    expect(openWindow([weekend], Date.parse('2026-11-20T16:59:00Z'))).toBeUndefined();
    expect(openWindow([weekend], Date.parse('2026-11-20T17:00:00Z'))).toMatchObject({
      until: Date.parse('2026-11-23T07:00:00Z'),
    });
    expect(openWindow([weekend], Date.parse('2026-11-23T07:00:00Z'))).toBeUndefined();
  });

  it('ends by the clock on the wall when summer time ends in it', () => {
    const weekend = window({ from: friday, to: monday, timeZone: 'Europe/Berlin' });
    expect(openWindow([weekend], Date.parse('2026-10-24T10:00:00Z'))?.until).toBe(Date.parse('2026-10-26T07:00:00Z'));
  });

  it('that refuses goes before one that lets wait, and the longer one before the shorter', () => {
    const now = Date.parse('2026-11-18T00:30:00Z');
    const open = (more: Partial<FreezeWindow>) => window({ from: 2 * 24 * 60, to: 3 * 24 * 60, ...more });
    expect(
      openWindow([open({ text: 'waits' }), open({ text: 'refuses', refuse: true, to: 2 * 24 * 60 + 60 })], now)?.text,
    ).toBe('refuses');
    expect(openWindow([open({ text: 'short', to: 2 * 24 * 60 + 60 }), open({ text: 'long' })], now)?.text).toBe('long');
  });

  it('is open until exactly its end, whenever one looks', () => {
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe');
    const time = fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-12-31') });
    fc.assert(
      fc.property(
        fc.nat({ max: week - 1 }),
        fc.integer({ min: 90, max: week - 120 }),
        zones,
        time,
        (from, length, timeZone, now) => {
          const each = window({ from, to: (from + length) % week, timeZone });
          const open = openWindow([each], now);
          expect(open !== undefined).toBe(isWithin(each, now));
          if (!open || changesClock(timeZone, open.until)) return;
          expect([isWithin(each, open.until - 60_000), isWithin(each, open.until)]).toEqual([true, false]);
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** Within a day the place changes its clock: the end may then not exist, or exist twice. */
function changesClock(timeZone: string, at: number): boolean {
  const offset = (time: number) =>
    new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
      .formatToParts(time)
      .find(({ type }) => type === 'timeZoneName')!.value;
  return offset(at - 86_400_000) !== offset(at + 86_400_000);
}
