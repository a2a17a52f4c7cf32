import fc from 'fast-check';
import type { Stack } from '../../src/config';
import type { Plan, Step } from '../../src/plan/plan';
import { planRollback } from '../../src/plan/undo/rollback';
import { stackOf } from '../support/stack';
import { allSteps, plan, StackObservation } from '../support/observation';
import { isFull } from '../support/exhaustive';

const numRuns = isFull ? 300 : 80;

/** Stacks of up to seven services that join, or restart with, earlier ones only. */
const services = fc.array(
  fc.record({
    present: fc.boolean(),
    version: fc.integer({ min: 1, max: 2 }),
    joins: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
    key: fc.constantFrom('network_mode', 'pid'),
    restartsWith: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 7 },
);
type Drawn = typeof services extends fc.Arbitrary<infer T> ? T : never;

function toStack(drawn: Drawn): Stack {
  const isThere = (index: number | undefined, before: number) =>
    index !== undefined && index < before && (index === 0 || drawn[index]!.present);
  const entries = drawn.flatMap(({ present, version, joins, key, restartsWith }, index) =>
    present || index === 0
      ? [
          [
            `s${index}`,
            {
              image: `s${index}:${version}`,
              ...(isThere(joins, index) && { [key]: `service:s${joins}` }),
              ...(isThere(restartsWith, index) && { depends_on: { [`s${restartsWith}`]: { restart: true } } }),
            },
          ],
        ]
      : [],
  );
  // The last one first: a service may stand before those that it follows.
  return stackOf({ name: 'laws', services: Object.fromEntries(entries.reverse()) });
}

/** A host that knows in which order instances started. */
class Host extends StackObservation {
  private readonly starts: string[] = [];

  override perform(step: Step): void {
    super.perform(step);
    if (step.kind !== 'start' && step.kind !== 'revive') return;
    this.starts.push(step.instance.name);
    this.expectSound();
  }

  /** Who joins a namespace runs only while it exists, and started after it. */
  expectSound(): void {
    for (const { name, state, joins = {} } of this.instances.values()) {
      if (state !== 'running') continue;
      for (const joined of Object.values(joins)) {
        expect(this.instances.get(joined)).toMatchObject({ state: 'running' });
        expect(this.starts.lastIndexOf(joined)).toBeLessThan(this.starts.lastIndexOf(name));
      }
    }
  }

  performAll({ preparation, cleanup, ...rest }: Plan): void {
    for (const step of [...preparation, ...allSteps({ preparation, cleanup, ...rest }), ...cleanup]) this.perform(step);
  }
}

function change(before: Drawn, after: Drawn): { host: Host; first: Stack; second: Stack; next: Plan } {
  const host = new Host('laws/production');
  const [first, second] = [toStack(before), toStack(after)];
  host.performAll(plan(first, host.observe(first)).plan);
  const next = plan(second, host.observe(second), { deployment: 2, release: { from: 1, to: 2 } });
  expect(next.refusals).toEqual([]);
  return { host, first, second, next: next.plan };
}

describe('services in namespaces of others', () => {
  it('never run without them, and follow each replacement', () => {
    fc.assert(
      fc.property(services, services, (before, after) => {
        const { host, second, next } = change(before, after);
        host.performAll(next);
        host.expectSound();
        const again = plan(second, host.observe(second), { deployment: 3, release: { from: 2, to: 3 } });
        expect(allSteps(again.plan)).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('come back with them, after any step', () => {
    fc.assert(
      fc.property(services, services, fc.nat(), (before, after, cut) => {
        const { host, next } = change(before, after);
        const listing = host.listing();
        const steps = [...next.preparation, ...allSteps(next)];
        const started = steps.slice(0, steps.length === 0 ? 0 : (cut % steps.length) + 1);
        for (const step of started) host.perform(step);
        const ids = new Set(started.map(({ id }) => id));
        const back = planRollback({ plan: next, started: ids, finished: new Set(), onRollback: {} });
        for (const step of back.stages.flatMap(({ lanes }) => lanes.flat())) host.perform(step);
        host.expectSound();
        expect(host.listing()).toEqual(listing);
      }),
      { numRuns },
    );
  });

  it('each have a stop of their own, once', () => {
    fc.assert(
      fc.property(services, services, (before, after) => {
        const ids = allSteps(change(before, after).next).map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });
});

describe('services that restart with others', () => {
  it('start after them whenever those start', () => {
    fc.assert(
      fc.property(services, services, (before, after) => {
        const { second, next, host } = change(before, after);
        const running = new Set([...host.instances.values()].map(({ service }) => service));
        const started = allSteps(next).flatMap((step) => (step.kind === 'start' ? [step.instance.service] : []));
        for (const { name, restartsWith = [] } of Object.values(second.services))
          for (const other of restartsWith.filter((each) => started.includes(each) && running.has(name)))
            expect(started.indexOf(name)).toBeGreaterThan(started.indexOf(other));
      }),
    );
  });
});
