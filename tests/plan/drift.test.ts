import { findDrift } from '../../src/plan/service/drift';
import { allSteps, emptyObservation, plan, StackObservation } from '../support/observation';
import type { ObservedInstance } from '../../src/model/observation';
import { stackOf } from '../support/stack';

const stack = stackOf({
  name: 'shop',
  environment: 'test',
  volumes: { data: {} },
  services: {
    db: { image: 'db:1', volumes: ['data:/data'] },
    api: { image: 'api:1', replicas: 2 },
    migrate: { image: 'api:1', kind: 'job' },
  },
});

describe('drift', () => {
  const deployed = () => {
    const world = new StackObservation('shop/test');
    for (const step of allSteps(plan(stack, emptyObservation(stack)).plan)) world.perform(step);
    for (const step of plan(stack, emptyObservation(stack)).plan.preparation) world.perform(step);
    return world;
  };
  const driftOf = (world: StackObservation, of = stack) =>
    findDrift({ stack: of, observation: world.observe(of), deployment: 1, release: 1, jobs: {} });
  const name = (short: string) => `shop-test-${short}-d1`;

  it('is nothing where what runs is what was deployed, jobs and dead instances aside', () => {
    const world = deployed();
    expect(driftOf(world)).toEqual([]);
    world.perform({ kind: 'retire', instance: world.instances.get(name('api-1'))! } as never);
    expect(driftOf(world)).toEqual([]);
  });

  it('is an instance that somebody removed, a network or a volume that is gone', () => {
    const world = deployed();
    world.instances.delete(name('api-2'));
    world.networks.clear();
    world.volumes.clear();
    expect(driftOf(world)).toEqual([
      'the network shop-test_default is missing',
      'the volume shop-test_data is missing',
      'api-2 is missing',
    ]);
  });

  it('is not a service that has completed, be it there or cleared away; one that was stopped is started again', () => {
    const once = stackOf({
      name: 'shop',
      environment: 'test',
      services: { init: { image: 'api:1', restart: 'no', may_complete: true } },
    });
    const world = new StackObservation('shop/test');
    const { plan: first } = plan(once, emptyObservation(once));
    for (const step of [...first.preparation, ...allSteps(first)]) world.perform(step);
    const instance = world.instances.get(name('init-1'))!;
    Object.assign(instance, { state: 'exited', exitCode: 0 });
    const jobs = { init: instance.hash };
    const again = (more: object) => {
      const { plan: next } = plan(once, world.observe(once), { deployment: 2, ...more });
      return next.phases.flatMap(({ services }) => services.map(({ action, changes }) => ({ action, changes })));
    };
    expect(again({ jobs })).toEqual([{ action: 'keep', changes: [] }]);
    const stopped = [{ key: 'state', from: 'exited 0', to: 'running' }];
    for (const other of [{}, { init: 'another' }])
      expect(again({ jobs: other })).toEqual([{ action: 'replace', changes: stopped }]);
    const drift = () => findDrift({ stack: once, observation: world.observe(once), deployment: 1, release: 1, jobs });
    expect(drift()).toEqual([]);
    world.instances.clear();
    expect(drift()).toEqual([]);
  });

  it('is an instance that nobody deployed', () => {
    const world = deployed();
    const api = world.instances.get(name('api-1'))!;
    world.instances.set('added', { ...api, name: 'added', ordinal: 3 });
    world.instances.set('foreign', { ...api, name: 'foreign', service: 'other' });
    expect(driftOf(world).sort()).toEqual([
      'added does not belong to the release',
      'foreign does not belong to the release',
    ]);
  });

  it('is an instance that somebody took off a network, which a repair puts right', () => {
    const world = deployed();
    world.instances.get(name('api-2'))!.networks = [];
    expect(driftOf(world)).toEqual(['api-2 is not attached to the network shop-test_default']);
    const { plan: repair } = plan(stack, world.observe(stack), {
      intent: { kind: 'repair', force: false },
      deployment: 2,
    });
    expect(
      allSteps(repair)
        .filter(({ kind }) => kind === 'start')
        .map(({ title }) => title),
    ).toEqual(['start api-2 (api:1)']);
  });

  it('is an instance whose limits or restart policy somebody has changed', () => {
    const limited = stackOf({
      name: 'shop',
      environment: 'test',
      services: {
        api: { image: 'api:1', replicas: 2, restart: 'always', resources: { limit: { cpus: 0.3, memory: '64M' } } },
      },
    });
    const world = new StackObservation('shop/test');
    const { plan: first } = plan(limited, emptyObservation(limited));
    for (const step of [...first.preparation, ...allSteps(first)]) world.perform(step);
    const [one, two] = ['api-1', 'api-2'].map((short) => world.instances.get(name(short))!) as [
      ObservedInstance,
      ObservedInstance,
    ];
    for (const each of [one, two]) each.limitsInForce = { cpus: 0.3, memory: 64 * 1024 ** 2 };
    expect(driftOf(world, limited)).toEqual([]);
    one.limitsInForce = { cpus: 2, memory: 0 };
    two.policy = 'no';
    expect(driftOf(world, limited)).toEqual([
      'api-1 is allowed 2 CPUs instead of 0.3 CPUs',
      'api-1 is allowed all memory instead of 64 MiB of memory',
      'api-2 is set to the restart policy "no" instead of "always"',
    ]);
    const { plan: repair } = plan(limited, world.observe(limited), {
      intent: { kind: 'repair', force: false },
      deployment: 2,
    });
    expect(
      allSteps(repair)
        .filter(({ kind }) => kind === 'start')
        .map(({ title }) => title),
    ).toEqual(['start api-1 (api:1)', 'start api-2 (api:1)']);
  });

  it('is an instance that runs with something else', () => {
    const other = { ...stack, services: { ...stack.services, db: { ...stack.services.db!, variables: { A: '1' } } } };
    expect(driftOf(deployed(), other)).toEqual(['db differs in environment']);
  });
});
