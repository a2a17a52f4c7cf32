import { attempt, lockMs, waitOf, type Attempts } from '../../src/model/access';

/** The waits between attempts of somebody who tries again as soon as it is possible. */
function waits(count: number): number[] {
  let known: Attempts | undefined;
  let now = 1_000_000;
  return Array.from({ length: count }, () => {
    const { waitMs } = attempt(known, now);
    now += waitMs;
    known = attempt(known, now).attempts;
    return waitMs / 1000;
  });
}

describe('log-ins', () => {
  it('slow down after six mistakes, and lock for a quarter of an hour', () => {
    expect(waits(14)).toEqual([0, 0, 0, 0, 0, 0, 10, 30, 90, 270, 810, 900, 900, 900]);
  });

  it('give somebody who guesses about a hundred attempts a day', () => {
    const day = 24 * 3600;
    let passed = 0;
    const made = waits(500).filter((wait) => (passed += wait) < day).length;
    expect(made).toBeLessThan(110);
  });

  it('are not put off further by attempts during the wait', () => {
    let known: Attempts | undefined;
    for (let count = 0; count < 7; count += 1) known = attempt(known, count * 11_000).attempts;
    const first = attempt(known, 7 * 11_000 - 10_000);
    expect(first.waitMs).toBeGreaterThan(0);
    expect(first.attempts).toEqual(known);
    expect(waitOf(known, 7 * 11_000 - 10_000)).toBe(first.waitMs);
  });

  it('count several at once as several', () => {
    let known: Attempts | undefined;
    const allowed = Array.from({ length: 50 }, () => {
      const { attempts, waitMs } = attempt(known, 0);
      known = attempts;
      return waitMs === 0;
    }).filter(Boolean);
    expect(allowed).toHaveLength(6);
  });

  it('say once that they are locked', () => {
    let known: Attempts = { failures: 10, at: 0 };
    const locking = attempt(known, lockMs);
    known = locking.attempts;
    expect([locking.isLocked, attempt(known, lockMs + 1).isLocked]).toEqual([true, false]);
  });

  it('forget mistakes of the day before', () => {
    expect(attempt({ failures: 30, at: 0 }, 24 * 3_600_000)).toMatchObject({ attempts: { failures: 1 }, waitMs: 0 });
  });
});
