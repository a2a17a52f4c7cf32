import fc from 'fast-check';
import type { Stack } from '../../../src/config';
import { groupsOf } from '../../../src/plan/hosts/groups';
import { place } from '../../../src/plan/hosts/place';
import { portionOf } from '../../../src/plan/hosts/portion';
import type { HostObservation } from '../../../src/plan/hosts/view';
import { planOver } from '../../../src/plan/planner';
import { emptyObservation } from '../../support/observation';
import { stackOf } from '../../support/stack';

type Data = Record<string, unknown>;

const hosts = {
  alpha: { docker: 'tcp://10.0.0.1:2376', tls: 'alpha', zone: 'data' },
  beta: { docker: 'ssh://ops@10.0.0.2', zone: 'edge' },
  gamma: { docker: 'tcp://10.0.0.3:2376', tls: 'gamma', zone: 'edge' },
};
const shop = (services: Record<string, Data>, more: Data = {}) =>
  stackOf({ name: 'shop', environment: 'test', infrastructure: { hosts }, services, ...more });
const views = (stack: Stack, memory = 64): HostObservation[] =>
  stack.hosts!.map(({ name }) => {
    const observation = emptyObservation(stack);
    return {
      name,
      taskQueue: name,
      observation: {
        ...observation,
        capacity: { ...observation.capacity, total: { cpus: 64, memory: memory * 1024 ** 3, gpus: 0, storage: 0 } },
      },
    };
  });
const placed = (stack: Stack, of = views(stack)) => place(stack, of);

describe('the placement of services', () => {
  it('follows host and zone, and leaves the rest where most is left', () => {
    const stack = shop({
      postgres: { image: 'a', host: 'alpha', resources: { memory: '32G' } },
      web: { image: 'b', zone: 'edge', resources: { memory: '8G' } },
      batch: { image: 'c', resources: { memory: '8G' } },
    });
    const { placement, refusals } = placed(stack);
    expect(refusals).toEqual([]);
    expect(placement.postgres).toBe('alpha');
    expect(new Set([placement.web, placement.batch])).toEqual(new Set(['beta', 'gamma']));
  });

  it('keeps together what reaches another by name, shares a volume, or is exposed', () => {
    const stack = shop(
      {
        db: { image: 'a', volumes: ['data:/d'] },
        backup: { image: 'b', volumes: ['data:/d:ro'] },
        api: { image: 'c', depends_on: ['db'], expose: { port: 80, path: '/api' }, strategy: 'recreate' },
        web: { image: 'd', expose: { port: 80, path: '/' }, strategy: 'recreate' },
        other: { image: 'e' },
      },
      { volumes: { data: {} } },
    );
    expect(groupsOf(stack).map(({ services }) => services.map(({ name }) => name).sort())).toEqual([
      ['api', 'backup', 'db', 'load-balancer', 'web'],
      ['other'],
    ]);
  });

  it('lets those be apart that reach each other by a port of the host', () => {
    const stack = shop(
      {
        db: { image: 'a', zone: 'data', ports: ['5432:5432'], networks: { back: { aliases: ['sql'] } } },
        api: { image: 'b', zone: 'edge', depends_on: ['db'], networks: ['back'] },
      },
      { networks: { back: {} } },
    );
    const { placement, refusals } = placed(stack);
    expect(refusals).toEqual([]);
    expect(placement.db).toBe('alpha');
    expect(portionOf(stack, placement.api!, placement).services.api!.extraHosts).toEqual([
      'db:10.0.0.1',
      'sql:10.0.0.1',
    ]);
    expect(portionOf(stack, 'alpha', placement).services.db!.extraHosts).toEqual([]);
  });

  it('says what cannot be, and why', () => {
    const apart = shop({ db: { image: 'a', zone: 'data' }, api: { image: 'b', zone: 'edge', depends_on: ['db'] } });
    expect(placed(apart).refusals).toEqual([
      {
        path: 'services.api.zone',
        message: expect.stringContaining(
          'db wants zone data, api wants zone edge, but they must share a ' +
            'host: api depends on db (db publishes no fixed port)',
        ),
      },
    ]);
  });

  it('is refused where two hosts are one engine', () => {
    const stack = shop({ web: { image: 'a' } });
    const same = views(stack).map((view) => ({
      ...view,
      observation: {
        ...view.observation,
        capacity: { ...view.observation.capacity, engine: view.name === 'beta' ? 'B' : 'A' },
      },
    }));
    const { refusals } = planOver(
      { stack, intent: { kind: 'deploy', force: false }, deployment: 1, release: { to: 1 }, jobs: {} },
      { views: same, placed: placed(stack, same) },
    );
    expect(refusals).toEqual([
      {
        path: 'infrastructure.hosts.gamma',
        message: expect.stringContaining('is the same Docker Engine or cluster as alpha'),
      },
    ]);
  });

  it('never moves data', () => {
    const stack = shop({ db: { image: 'a', zone: 'edge', volumes: ['data:/d'] } }, { volumes: { data: {} } });
    const seen = views(stack);
    seen[0]!.observation.volumes = [{ name: 'shop-test_data', owner: 'shop/test' }];
    expect(placed(stack, seen).refusals).toEqual([
      {
        path: 'services.db',
        forceable: true,
        message: expect.stringContaining('its data is on alpha, and it would start EMPTY on beta or gamma'),
      },
    ]);
    seen[2]!.observation.volumes = seen[0]!.observation.volumes;
    expect(placed(stack, seen)).toEqual({ placement: { db: 'gamma' }, refusals: [] });
  });

  const services = fc.array(
    fc.record({
      zone: fc.constantFrom(undefined, 'data', 'edge'),
      memory: fc.integer({ min: 0, max: 40 }),
      replicas: fc.integer({ min: 1, max: 3 }),
      published: fc.boolean(),
      dependency: fc.option(fc.nat(20), { nil: undefined }),
      volume: fc.option(fc.nat(3), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 12 },
  );
  const made = (drawn: ReturnType<typeof services.generate> extends { value: infer T } ? T : never) =>
    shop(
      Object.fromEntries(
        drawn.map(({ zone, memory, replicas, published, dependency, volume }, index) => [
          `s${index}`,
          {
            image: 'a',
            replicas: volume === undefined && !published ? replicas : 1,
            resources: { reserve: { memory: `${memory}G` } },
            ...(zone && { zone }),
            ...(published && { ports: [`${7000 + index}:80`] }),
            ...(dependency !== undefined && dependency < index && { depends_on: [`s${dependency}`] }),
            ...(volume !== undefined && { volumes: [`v${volume}:/d`] }),
          },
        ]),
      ),
      { volumes: Object.fromEntries([0, 1, 2, 3].map((index) => [`v${index}`, { shared: true }])) },
    );

  it('gives each service one host of its zone, parts no group, and says the same twice, or is refused', () => {
    fc.assert(
      fc.property(services, (drawn) => {
        const stack = made(drawn);
        const { placement, refusals } = placed(stack);
        expect(Object.keys(placement).sort()).toEqual(Object.keys(stack.services).sort());
        expect(placed(stack).placement).toEqual(placement);
        if (refusals.length > 0) return;
        for (const { name, zone } of Object.values(stack.services))
          if (zone) expect(stack.hosts!.find((host) => host.name === placement[name])!.zone).toBe(zone);
        for (const group of groupsOf(stack))
          expect(new Set(group.services.map(({ name }) => placement[name])).size).toBe(1);
      }),
      { numRuns: 300 },
    );
  });

  it('leaves what runs where it runs as long as there is room', () => {
    fc.assert(
      fc.property(services, fc.array(fc.nat(2), { minLength: 12, maxLength: 12 }), (drawn, where) => {
        const stack = made(drawn.map((each) => ({ ...each, zone: undefined, memory: 1 })));
        const seen = views(stack);
        const homes = new Map(groupsOf(stack).map((group, index) => [group.services[0]!.name, seen[where[index]!]!]));
        for (const group of groupsOf(stack))
          for (const { name } of group.services)
            homes
              .get(group.services[0]!.name)!
              .observation.instances.push({ service: name, state: 'running' } as never);
        const { placement } = placed(stack, seen);
        for (const group of groupsOf(stack))
          for (const { name } of group.services) expect(placement[name]).toBe(homes.get(group.services[0]!.name)!.name);
      }),
      { numRuns: 200 },
    );
  });
});
