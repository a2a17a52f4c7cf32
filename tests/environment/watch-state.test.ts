import type { Ailing } from '../../src/model/watch';
import type { WatchState } from '../../src/workflows/messages';
import {
  changesOfHealth,
  dueRestarts,
  isOnTrial,
  isRepairDue,
  nextMoment,
  nextRepair,
  nextRestart,
  startOf,
  withReport,
} from '../../src/workflows/environment/watch-state';

const settings = { everyMs: 1000, onDrift: 'repair', onUnhealthy: 'restart' } as const;
const ailing = (instance: string, restartable = true): Ailing => ({
  instance,
  service: 'api',
  ordinal: 1,
  why: 'exited 1',
  restartable,
});
const state = (more: Partial<WatchState> = {}): WatchState => ({ ...startOf(3, 7), settings, ...more });

describe('what follows from what the watch finds', () => {
  it('remembers since when each finding stands', () => {
    const found = (drift: string[], names: string[]) => ({
      findings: { ailing: names.map((name) => ailing(name)), drift },
      settings,
    });
    const first = withReport(state(), found(['a'], ['one']), 10);
    const second = withReport(first, found(['a', 'b'], ['one']), 20);
    expect(second.since).toEqual({ one: 10, a: 10, b: 20 });
    expect(withReport(second, found([], []), 30).since).toEqual({});
  });

  it('restarts later and later, and at most every five minutes', () => {
    const pauses: number[] = [];
    for (let attempts = nextRestart(undefined, 0); pauses.length < 7; attempts = nextRestart(attempts, 0))
      pauses.push(attempts.nextAt / 1000);
    expect(pauses).toEqual([10, 20, 40, 80, 160, 300, 300]);
    expect(nextRepair({ count: 9, nextAt: 0 }, 0).nextAt).toBe(3_600_000);
  });

  it('restarts at once, later when the time has come, and never what stays down by its policy', () => {
    const sick = state({
      ailing: [ailing('new'), ailing('waits'), ailing('stays', false)],
      restarts: { waits: { count: 1, nextAt: 5000 } },
    });
    expect(dueRestarts(sick, 4000).map(({ instance }) => instance)).toEqual(['new']);
    expect(dueRestarts(sick, 5000).map(({ instance }) => instance)).toEqual(['new', 'waits']);
    expect(dueRestarts({ ...sick, settings: { ...settings, onUnhealthy: 'report' } }, 5000)).toEqual([]);
    expect(
      nextMoment(
        state({ ailing: [ailing('waits'), ailing('stays', false)], restarts: { waits: { count: 1, nextAt: 5000 } } }),
      ),
    ).toBe(5000);
    expect(nextMoment(state())).toBe(Infinity);
  });

  it('remembers restarts of an instance until it has been well for ten minutes', () => {
    const flapping = state({ restarts: { api: { count: 3, nextAt: 10_000 } } });
    const well = { findings: { ailing: [], drift: [] }, settings };
    expect(withReport(flapping, well, 20_000).restarts).toEqual({ api: { count: 3, nextAt: 10_000 } });
    expect(withReport(flapping, well, 620_000).restarts).toEqual({});
    expect(
      withReport(flapping, { ...well, findings: { ailing: [ailing('api')], drift: [] } }, 620_000).restarts,
    ).toEqual({ api: { count: 3, nextAt: 10_000 } });
  });

  it('is off where nobody wants it', () => {
    expect(withReport(state(), { findings: { ailing: [], drift: [] } }, 0)).toMatchObject({ off: true });
  });

  it('tells who has got worse, and who is well again', () => {
    expect(
      changesOfHealth(
        { ailing: [ailing('a'), ailing('b')], drift: [] },
        { ailing: [ailing('b'), ailing('c')], drift: [] },
      ),
    ).toMatchObject({ ailing: [{ instance: 'c' }], recovered: [{ instance: 'a' }] });
  });

  it('repairs drift where the file says so, with pauses', () => {
    const drifted = state({ drift: ['api-1 is missing'], repairs: { count: 1, nextAt: 60_000 } });
    expect([
      isRepairDue(drifted, 59_999),
      isRepairDue(drifted, 60_000),
      isRepairDue({ ...drifted, settings: { ...settings, onDrift: 'report' } }, 60_000),
    ]).toEqual([false, true, false]);
    expect(nextMoment(drifted)).toBe(60_000);
  });

  it('has a release on trial for its window', () => {
    expect([
      isOnTrial(state({ windowMs: 1000 }), 5000, 5999),
      isOnTrial(state({ windowMs: 1000 }), 5000, 6000),
      isOnTrial(state(), 5000, 5000),
    ]).toEqual([true, false, false]);
  });
});
