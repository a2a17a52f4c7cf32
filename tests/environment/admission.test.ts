import fc from 'fast-check';
import type { Asked } from '../../src/plan/asked';
import { countEnd, forbids, heldBack, turnAway } from '../../src/workflows/environment/admission';
import type { Breaker, EnvironmentState, JoinRequest, Outcome } from '../../src/workflows/messages';

const asked = (more: Partial<Asked> = {}): Asked => ({
  by: 'ana',
  intent: 'deploy',
  at: 0,
  whenBusy: 'queue',
  force: false,
  automatic: false,
  breaker: { threshold: 3, recoveryMs: 60_000 },
  ...more,
});
const request = (more: Partial<Asked> = {}): JoinRequest => ({
  workflowId: 'new',
  runtime: 'docker',
  asked: asked(more),
});
const state = (more: Partial<EnvironmentState> = {}): EnvironmentState => ({
  place: { stack: 's', environment: 'e' },
  runtime: 'docker',
  numbers: { deployment: 0, release: 0 },
  releases: [],
  jobs: {},
  runs: [],
  queue: [],
  recent: [],
  ...more,
});
const running = { workflowId: 'old', deployment: 7, asked: asked({ by: 'ben' }) };

describe('admission to an environment', () => {
  it('turns --reject away with who runs, and lets others wait', () => {
    expect(turnAway(request({ whenBusy: 'reject' }), state({ running }), 0)).toBe(
      'deployment 7 by ben runs; try again when it has finished, or omit --reject to wait for it',
    );
    expect(turnAway(request({ whenBusy: 'reject' }), state(), 0)).toBeUndefined();
    expect(turnAway(request(), state({ running }), 0)).toBeUndefined();
  });

  it('holds back, or turns away, while it is frozen; --force goes past it', () => {
    const freeze = { by: 'ana', reason: 'holidays', at: 0, until: 3_600_000, refuse: false };
    expect(heldBack(request(), state({ freeze }), 0)).toMatchObject({
      text: 'frozen until 1970-01-01T01:00:00Z by ana: holidays',
      until: 3_600_000,
    });
    expect(heldBack(request(), state({ freeze }), 3_600_000)).toBeUndefined();
    expect(heldBack(request({ force: true }), state({ freeze }), 0)).toBeUndefined();
    expect(turnAway(request(), state({ freeze: { ...freeze, refuse: true } }), 0)).toBe(
      'frozen until 1970-01-01T01:00:00Z by ana: holidays; --force overrides it',
    );
    expect(
      heldBack(request({ window: { text: 'fri 18:00 to mon 08:00 UTC', until: 5000, refuse: false } }), state(), 0),
    ).toMatchObject({ text: 'frozen by the window fri 18:00 to mon 08:00 UTC until 1970-01-01T00:00:05Z' });
  });

  it('takes requests of 0.1, which say nothing of themselves', () => {
    expect(
      turnAway(
        { workflowId: 'new', runtime: 'docker' },
        state({ running, freeze: { by: 'ana', at: 0, refuse: true } }),
        0,
      ),
    ).toBeUndefined();
  });
});

describe('the circuit breaker', () => {
  const ends = fc.array(
    fc.constantFrom<Outcome | 'lost'>(
      'succeeded',
      'unchanged',
      'rolled_back',
      'rollback_incomplete',
      'left_as_is',
      'lost',
      'cancelled',
      'refused',
    ),
    { maxLength: 30 },
  );
  const after = (all: (Outcome | 'lost')[], settings = { threshold: 3, recoveryMs: 60_000 }) =>
    all.reduce<Breaker | undefined>((breaker, outcome, index) => countEnd(breaker, outcome, index), {
      ...settings,
      failures: 0,
    })!;

  it('is open exactly when the last deployments that came to an end of their own have failed so often', () => {
    fc.assert(
      fc.property(ends, (all) => {
        const own = all.filter((outcome) => outcome !== 'cancelled' && outcome !== 'refused');
        const failed = [...own].reverse().findIndex((outcome) => outcome === 'succeeded' || outcome === 'unchanged');
        expect(after(all).openedAt !== undefined).toBe((failed < 0 ? own.length : failed) >= 3);
      }),
    );
  });

  it('refuses automatic deployments until its recovery time is over, people never', () => {
    const breaker = { ...after(['rolled_back', 'lost', 'left_as_is']), openedAt: 0 };
    const said = forbids(request({ automatic: true }), state({ breaker }), 59_999);
    expect(said).toMatch(
      /^the circuit breaker is open after 3 failed deployments in a row; automatic ones are refused/,
    );
    expect(said).toContain('in a row; automatic ones are refused until 1970-01-01T00:01:00Z; --force');
    expect(forbids(request({ automatic: true }), state({ breaker }), 60_000)).toBeUndefined();
    expect(forbids(request({ automatic: true, force: true }), state({ breaker }), 0)).toBeUndefined();
    expect(forbids(request(), state({ breaker }), 0)).toBeUndefined();
  });

  it('opens anew when what tried after its recovery time fails, and never with a threshold of 0', () => {
    expect(
      countEnd({ threshold: 3, recoveryMs: 60_000, failures: 3, openedAt: 0 }, 'rolled_back', 70_000),
    ).toMatchObject({ failures: 4, openedAt: 70_000 });
    expect(after(['lost', 'lost', 'lost', 'lost'], { threshold: 0, recoveryMs: 0 }).openedAt).toBeUndefined();
  });
});
