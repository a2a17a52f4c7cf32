import fc from 'fast-check';
import type { Stack } from '../../src/config';
import { lanesOf, type Plan } from '../../src/plan/plan';
import { planRollback } from '../../src/plan/undo/rollback';
import { stackOf } from '../support/stack';
import { allSteps, plan, StackObservation } from '../support/observation';

/** Stacks of up to eight services that depend on earlier ones only, and so have no cycles. */
const services = fc.array(
  fc.record({
    version: fc.integer({ min: 1, max: 3 }),
    replicas: fc.integer({ min: 1, max: 3 }),
    job: fc.boolean(),
    needs: fc.array(fc.nat({ max: 7 }), { maxLength: 3 }),
    port: fc.boolean(),
    volume: fc.boolean(),
    present: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);

type Drawn = typeof services extends fc.Arbitrary<infer T> ? T : never;

function toStack(drawn: Drawn): Stack {
  const names = drawn.flatMap(({ present }, index) => (present || index === 0 ? [index] : []));
  const volumes = Object.fromEntries(names.map((index) => [`v${index}`, {}]));
  const entries = names.map((index) => {
    const { version, replicas, job, needs, port, volume } = drawn[index]!;
    const dependencies = [...new Set(needs)]
      .filter((other) => other < index && names.includes(other))
      .map((other) => `s${other}`);
    const base = { image: `s${index}:${version}`, depends_on: dependencies };
    if (job) return [`s${index}`, { ...base, kind: 'job' }];
    return [
      `s${index}`,
      {
        ...base,
        replicas: volume ? 1 : replicas,
        ...(port && { ports: ['8080'] }),
        ...(volume && { volumes: [`v${index}:/data`] }),
        health_check: { tcp: 8080 },
      },
    ];
  });
  return stackOf({
    name: 'laws',
    infrastructure: { network: { cidr: '10.0.0.0/16' } },
    volumes,
    services: Object.fromEntries(entries),
  });
}

function perform(world: StackObservation, { preparation, phases, cleanup }: Plan): void {
  for (const step of [
    ...preparation,
    ...phases.flatMap(({ services: planned }) => planned.flatMap((service) => lanesOf(service).flat())),
    ...cleanup,
  ])
    world.perform(step);
}

/** A host on which a stack has been deployed. */
function deployed(stack: Stack): StackObservation {
  const world = new StackObservation('laws/production');
  perform(world, plan(stack, world.observe(stack)).plan);
  return world;
}

describe('every plan', () => {
  it('starts a service only in a phase after everything it depends on', () => {
    fc.assert(
      fc.property(services, (drawn) => {
        const stack = toStack(drawn);
        const phaseOf = new Map(
          plan(stack).plan.phases.flatMap(({ number, services: planned }) =>
            planned.map(({ name }) => [name, number] as const),
          ),
        );
        for (const service of Object.values(stack.services)) {
          for (const dependency of Object.keys(service.dependsOn))
            expect(phaseOf.get(service.name)).toBeGreaterThan(phaseOf.get(dependency)!);
        }
      }),
    );
  });

  it('leaves nothing to do once it has been performed', () => {
    fc.assert(
      fc.property(services, services, (before, after) => {
        const world = deployed(toStack(before));
        const second = toStack(after);
        perform(world, plan(second, world.observe(second), { deployment: 2, release: { from: 1, to: 2 } }).plan);
        const again = plan(second, world.observe(second), { deployment: 3, release: { from: 2, to: 3 } });
        expect(allSteps(again.plan)).toEqual([]);
        expect([...again.plan.preparation, ...again.plan.cleanup]).toEqual([]);
        const wanted = Object.values(second.services)
          .filter(({ kind }) => kind === 'service')
          .flatMap(({ name, replicas }) => Array.from({ length: replicas }, (_, index) => `${name}-${index + 1}`));
        const running = [...world.instances.values()]
          .filter(({ state }) => state === 'running')
          .map(({ service, ordinal }) => `${service}-${ordinal}`);
        expect(running.sort()).toEqual(wanted.sort());
      }),
    );
  });

  it('gives each step an id of its own, which the same plan gives again', () => {
    fc.assert(
      fc.property(services, services, (before, after) => {
        const world = deployed(toStack(before));
        const make = () =>
          plan(toStack(after), world.observe(toStack(after)), { deployment: 2, release: { from: 1, to: 2 } }).plan;
        const idsOf = (of: Plan) => [...of.preparation, ...allSteps(of), ...of.cleanup].map(({ id }) => id);
        const ids = idsOf(make());
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids.every((id) => /^[^/]+\/[a-z-]+\/\S+$/.test(id))).toBe(true);
        expect(idsOf(make())).toEqual(ids);
      }),
    );
  });

  it('undone after any of its steps, puts back the very same listing', () => {
    fc.assert(
      fc.property(services, services, fc.nat(), (before, after, cut) => {
        const world = deployed(toStack(before));
        const listing = world.listing();

        const second = toStack(after);
        const { plan: next } = plan(second, world.observe(second), { deployment: 2, release: { from: 1, to: 2 } });
        const steps = [...next.preparation, ...allSteps(next)];
        const started = steps.slice(0, steps.length === 0 ? 0 : (cut % steps.length) + 1);
        for (const step of started) world.perform(step);
        const mounted = new Set(
          started
            .flatMap((step) => (step.kind === 'start' ? step.instance.mounts : []))
            .map((mount) => (mount.type === 'volume' ? mount.volume : '')),
        );

        const back = planRollback({
          plan: next,
          started: new Set(started.map(({ id }) => id)),
          finished: new Set(),
          onRollback: {},
        });
        for (const step of back.stages.flatMap(({ lanes }) => lanes.flat())) world.perform(step);
        const kept = [...mounted].filter((name) => !listing.includes(name) && world.volumes.has(name));
        expect(world.listing()).toEqual([...listing, ...kept].sort());
      }),
    );
  });

  it('never runs two instances on one volume at once', () => {
    fc.assert(
      fc.property(services, services, (before, after) => {
        const world = deployed(toStack(before));
        const second = toStack(after);
        for (const step of allSteps(plan(second, world.observe(second), { deployment: 2 }).plan)) {
          world.perform(step);
          const volumes = [...world.instances.values()]
            .filter(({ state }) => state === 'running')
            .flatMap(({ mounts }) => mounts.flatMap((mount) => (mount.type === 'volume' ? [mount.volume] : [])));
          expect(new Set(volumes).size).toBe(volumes.length);
        }
      }),
    );
  });

  it('gives every instance host ports of its own', () => {
    fc.assert(
      fc.property(services, (drawn) => {
        const ports = allSteps(plan(toStack(drawn)).plan).flatMap((step) =>
          step.kind === 'start' ? step.instance.ports.map(({ host }) => host) : [],
        );
        expect(new Set(ports).size).toBe(ports.length);
      }),
    );
  });

  it('is the same for the same input', () => {
    fc.assert(fc.property(services, (drawn) => expect(plan(toStack(drawn))).toEqual(plan(toStack(drawn)))));
  });
});
