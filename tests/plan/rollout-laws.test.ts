import fc from 'fast-check';
import type { Stack } from '../../src/config';
import type { ServiceStrategy } from '../../src/model/stack';
import { balancerName } from '../../src/model/traffic';
import { lanesOf, servicesOf, type Plan, type Stage, type Step } from '../../src/plan/plan';
import { planRollback } from '../../src/plan/undo/rollback';
import { plan, StackObservation } from '../support/observation';
import { stackOf } from '../support/stack';
import { isFull } from '../support/exhaustive';

const numRuns = isFull ? 300 : 100;

const strategies = fc.oneof(
  fc.constant('recreate'),
  fc
    .record({ surge: fc.nat(3), unavailable: fc.nat(2), settle: fc.boolean() })
    .filter(({ surge, unavailable }) => surge + unavailable > 0)
    .map(({ surge, unavailable, settle }) => ({
      rolling: { max_surge: surge, max_unavailable: unavailable, ...(settle && { min_healthy_time: '5s' }) },
    })),
  fc
    .record({ test: fc.boolean(), approval: fc.boolean() })
    .map(({ test, approval }) => ({ blue_green: { approval, ...(test && { smoke_test: { command: ['true'] } }) } })),
  fc
    .uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 4 })
    .map((weights) => ({ canary: { steps: weights.sort((a, b) => a - b).map((weight) => ({ weight, bake: '1m' })) } })),
);
const service = fc.record({
  version: fc.nat(2),
  replicas: fc.integer({ min: 1, max: 6 }),
  strategy: strategies,
  needed: fc.boolean(),
});
type Drawn = typeof service extends fc.Arbitrary<infer T> ? T : never;

function toStack({ version, replicas, strategy, needed }: Drawn): Stack {
  const web = {
    image: `web:${version}`,
    replicas,
    strategy,
    expose: { port: 8080, host_port: 80 },
    health_check: { tcp: 8080 },
  };
  return stackOf({
    name: 'laws',
    services: { web, ...(needed && { user: { image: 'user:1', depends_on: ['web'], health_check: { tcp: 1 } } }) },
  });
}

/** The steps of a plan, the lanes of a stage mixed as the numbers say. */
function inSomeOrder({ phases, cleanup }: Plan, picks: number[]): Step[] {
  let turn = 0;
  const mixed = (stage: Stage): Step[] => {
    const lanes = stage.map((lane) => [...lane]);
    const steps: Step[] = [];
    for (
      let open = lanes.filter(({ length }) => length > 0);
      open.length > 0;
      open = open.filter(({ length }) => length > 0)
    )
      steps.push(open[picks[turn++ % picks.length]! % open.length]!.shift()!);
    return steps;
  };
  const services = servicesOf(phases);
  return [
    ...services.flatMap(({ stages }) => stages.flatMap(mixed)),
    ...services.flatMap(({ tail }) => tail.flatMap(mixed)),
    ...cleanup,
  ];
}

function deployed(stack: Stack): StackObservation {
  const world = new StackObservation('laws/production');
  for (const step of inSomeOrder(plan(stack).plan, [0])) world.perform(step);
  return world;
}

const table = (world: StackObservation) => world.traffic!.tables.find(({ route }) => route === 'web=8080=80')!;
const running = (world: StackObservation) =>
  [...world.instances.values()].filter(
    ({ service: name, state, kind }) => name === 'web' && state === 'running' && kind === 'service',
  );
const served = (world: StackObservation) =>
  table(world).targets.map(({ address }) => running(world).find(({ name }) => address === `${name}:8080`));
const floorOf = (before: Stack, after: Stack) => {
  const strategy = after.services.web!.strategy as ServiceStrategy;
  const missing = strategy.kind === 'rolling' ? strategy.maxUnavailable : strategy.kind === 'recreate' ? 1 : 0;
  return Math.min(before.services.web!.replicas, after.services.web!.replicas) - missing;
};

/** Requests go to what runs, and all of them do. */
function expectSound(world: StackObservation): void {
  expect(served(world)).not.toContain(undefined);
  expect(table(world).targets.reduce((sum, { weight }) => sum + weight, 0)).toBe(
    table(world).targets.length > 0 ? 100 : 0,
  );
}

const change = (before: Drawn, after: Drawn) => {
  const [first, second] = [toStack(before), toStack(after)];
  const world = deployed(first);
  return {
    first,
    second,
    world,
    next: plan(second, world.observe(second), { deployment: 2, release: { from: 1, to: 2 } }).plan,
  };
};
const picks = fc.array(fc.nat(5), { minLength: 1, maxLength: 20 });

describe('every rollout', () => {
  it('keeps its promise of capacity, and sends all requests to what runs', () => {
    fc.assert(
      fc.property(service, service, picks, (before, after, order) => {
        const { first, second, world, next } = change(before, after);
        for (const step of inSomeOrder(next, order)) {
          world.perform(step);
          expectSound(world);
          expect(served(world).length).toBeGreaterThanOrEqual(Math.max(0, floorOf(first, second)));
        }
      }),
      { numRuns },
    );
  });

  it('leaves just the new set, with its name and all requests', () => {
    fc.assert(
      fc.property(service, service, picks, (before, after, order) => {
        const { second, world, next } = change(before, after);
        for (const step of inSomeOrder(next, order)) world.perform(step);
        const instances = [...world.instances.values()].filter(({ service: name }) => name === 'web');
        expect(instances.map(({ ordinal }) => ordinal).sort((a, b) => a - b)).toEqual(
          Array.from({ length: second.services.web!.replicas }, (_, index) => index + 1),
        );
        expect(instances.map(({ image }) => image)).toEqual(instances.map(() => second.services.web!.image));
        expect(new Set(served(world))).toEqual(new Set(instances));
        expect(instances.map(({ name }) => world.names.get(name))).toEqual(instances.map(() => ['web']));
        expect(
          plan(second, world.observe(second), { deployment: 3, release: { from: 2, to: 3 } }).plan.phases.flatMap(
            ({ services }) => services.flatMap((each) => lanesOf(each).flat()),
          ),
        ).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('undone after any of its steps, ends in the old set with its names and all requests, never dark', () => {
    fc.assert(
      fc.property(service, service, picks, fc.nat(), (before, after, order, cut) => {
        const { first, second, world, next } = change(before, after);
        const [listing, tables, names] = [world.listing(), structuredClone(table(world)), oldNames(world)];
        const steps = inSomeOrder({ ...next, cleanup: [] }, order);
        const started = steps.slice(0, steps.length === 0 ? 0 : (cut % steps.length) + 1);
        for (const step of started) world.perform(step);
        const back = planRollback({
          plan: next,
          started: new Set(started.map(({ id }) => id)),
          finished: new Set(),
          onRollback: {},
        });
        for (const step of back.stages.flatMap(({ lanes }) => lanes.flat())) {
          world.perform(step);
          if ((second.services.web!.strategy as ServiceStrategy).kind === 'recreate') continue;
          expectSound(world);
          expect(served(world).length).toBeGreaterThanOrEqual(Math.max(0, floorOf(first, second)));
        }
        expect(world.listing()).toEqual(listing);
        expect(table(world)).toEqual(tables);
        expect(oldNames(world)).toEqual(names);
      }),
      { numRuns },
    );
  });

  it('makes a load balancer that is gone anew, with all requests going to what runs', () => {
    fc.assert(
      fc.property(service, service, (before, after) => {
        const world = deployed(toStack(before));
        const second = toStack(after);
        world.instances.delete([...world.instances.keys()].find((name) => name.includes(balancerName))!);
        world.traffic = undefined;
        for (const step of inSomeOrder(
          plan(second, world.observe(second), { deployment: 2, release: { from: 1, to: 2 } }).plan,
          [0],
        ))
          world.perform(step);
        expectSound(world);
        expect(new Set(served(world))).toEqual(new Set(running(world)));
      }),
    );
  });

  it('lets a service that a limited deployment leaves alone keep its way in', () => {
    const stack = (host: string, version: number) =>
      stackOf({
        name: 'laws',
        services: {
          web: { image: 'web:1', expose: { port: 8080, host }, health_check: { tcp: 8080 } },
          api: { image: `api:${version}`, expose: { port: 9000, path: '/api' }, health_check: { tcp: 9000 } },
        },
      });
    const world = deployed(stack('a.example.com', 1));
    const second = stack('b.example.com', 2);
    const limited = plan(second, world.observe(second), {
      deployment: 2,
      release: { from: 1, to: 2 },
      intent: { kind: 'deploy', services: ['api'], force: false },
    });
    for (const step of inSomeOrder(limited.plan, [0])) world.perform(step);
    expect(world.traffic!.front!.routes.map(({ host, path }) => `${host ?? ''}${path}`).sort()).toEqual([
      '/api',
      'a.example.com/',
    ]);
  });

  it('shares requests out as its steps say', () => {
    const canary = {
      version: 0,
      replicas: 3,
      strategy: { canary: { steps: [{ weight: 5 }, { weight: 40 }] } },
      needed: false,
    } as unknown as Drawn;
    const { next } = change(canary, { ...canary, version: 1 });
    const shares = servicesOf(next.phases)
      .flatMap(lanesOf)
      .flat()
      .flatMap((step) =>
        step.kind === 'route'
          ? [
              step.tables[0]!.targets.filter(({ address }) => address.includes('-d2:')).reduce(
                (sum, { weight }) => sum + weight,
                0,
              ),
            ]
          : [],
      );
    expect(shares).toEqual([5, 40, 40, 100]);
  });

  it('gives every step an id of its own', () => {
    fc.assert(
      fc.property(service, service, (before, after) => {
        const ids = servicesOf(change(before, after).next.phases)
          .flatMap(lanesOf)
          .flat()
          .map(({ title }) => title);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });
});

function oldNames(world: StackObservation): Record<string, string[]> {
  return Object.fromEntries(
    [...world.names].filter(([name]) => world.instances.has(name) && !name.includes(balancerName)),
  );
}
