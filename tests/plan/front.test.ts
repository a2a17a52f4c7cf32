import { balancerName, isAutomatic } from '../../src/model/traffic';
import { stepsOf } from '../../src/plan/plan';
import { planSettlement } from '../../src/plan/undo/settlement';
import { allSteps, plan, StackObservation } from '../support/observation';
import { stackOf } from '../support/stack';

const web = (version: number, more: object = {}) => ({ image: `web:${version}`, health_check: { tcp: 8080 }, ...more });
const stack = (service: object, more: object = {}) => stackOf({ name: 'front', services: { web: service }, ...more });
const next = { deployment: 2, release: { from: 1, to: 2 } };

function deployed(wanted: ReturnType<typeof stack>): StackObservation {
  const world = new StackObservation('front/production');
  for (const step of allSteps(plan(wanted).plan)) world.perform(step);
  return world;
}

describe('the front door in a plan', () => {
  it('takes over a host port that the service published itself until now', () => {
    const world = deployed(stack(web(1, { ports: ['80:8080'] })));
    const exposed = stack(web(1, { expose: { port: 8080, host_port: 80 } }));
    const { plan: migration, refusals } = plan(exposed, world.observe(exposed), next);
    expect(refusals).toEqual([]);
    const order = stepsOf(migration.phases).map(({ kind, service }) => `${kind} ${service}`);
    expect(order.indexOf('retire web')).toBeLessThan(order.indexOf(`start ${balancerName}`));
  });

  it('starts with its requests going to a service that is recreated, too', () => {
    const world = deployed(stack(web(1, { strategy: 'recreate', expose: { port: 8080, host_port: 80 } })));
    expect(world.traffic!.tables).toEqual([
      { route: 'web=8080=80', targets: [{ address: 'front-production-web-1-d1:8080', weight: 100 }] },
    ]);
  });

  it('is refused with the sums where two versions do not fit the host side by side', () => {
    const large = (version: number) =>
      stack(
        web(version, {
          replicas: 3,
          resources: { reserve: { memory: '20G' } },
          strategy: 'blue_green',
          expose: { port: 8080, host_port: 80 },
        }),
      );
    const world = deployed(large(1));
    expect(plan(large(2), world.observe(large(2)), next).refusals).toEqual([
      {
        path: 'services',
        message: expect.stringContaining('with 3 more of web while old and new instances run in parallel') as string,
      },
    ]);
  });

  it('tests and approves a set anew that a failed deployment has left without requests', () => {
    const gated = (version: number) =>
      stack(
        web(version, {
          replicas: 2,
          expose: { port: 8080, host_port: 80 },
          strategy: { blue_green: { approval: true, smoke_test: { command: ['check'] } } },
        }),
      );
    const world = deployed(gated(1));
    for (const step of allSteps(plan(gated(2), world.observe(gated(2)), next).plan).filter(
      ({ kind }) => kind === 'start',
    ))
      world.perform(step);
    const { plan: again } = plan(gated(2), world.observe(gated(2)), { deployment: 3, release: { from: 1, to: 2 } });
    const kinds = allSteps(again).map(({ kind }) => kind);
    expect(kinds.filter((kind) => ['start', 'test', 'approve', 'route'].includes(kind))).toEqual([
      'start',
      'start',
      'test',
      'approve',
      'route',
    ]);
    for (const step of [...allSteps(again), ...again.cleanup]) world.perform(step);
    expect([...world.instances.keys()].sort()).toEqual([
      'front-production-load-balancer-1-d1',
      'front-production-web-1-d3',
      'front-production-web-2-d3',
    ]);
  });

  it('renews the configuration of a load balancer of an earlier version, and keeps its instance', () => {
    const exposed = stack(web(1, { expose: { port: 8080, host_port: 80 } }));
    const world = deployed(exposed);
    const observation = world.observe(exposed);
    expect(
      plan(exposed, observation, next).plan.phases.flatMap(({ services }) => services.map(({ action }) => action)),
    ).toEqual(['keep', 'keep']);
    const { revision: _, ...before } = observation.traffic!.front!;
    const { plan: renewal } = plan(
      exposed,
      { ...observation, traffic: { ...observation.traffic!, front: before } },
      next,
    );
    expect(allSteps(renewal).map(({ title }) => title)).toEqual([
      'wait for web-1 to be healthy',
      'apply new settings of the load balancer',
    ]);
  });

  it('gives a route a key that fits into the name of a folder, however long its host and path are', () => {
    const host = `${'a.'.repeat(120)}example.com`;
    const paths = ['/x', '/y'].map((end) => `${'/p'.repeat(200)}${end}`);
    const { front } = stack(web(1, { expose: paths.map((path) => ({ port: 8080, host, path })) }));
    const keys = front!.routes.map(({ key }) => key);
    expect(new Set(keys).size).toBe(2);
    for (const key of keys) expect(key.length).toBeLessThanOrEqual(200);
  });

  it('keeps the certificates that routes of others need which it leaves alone', () => {
    const shop = (secret: string, api: number) =>
      stackOf({
        name: 'front',
        secrets: { [`${secret}_cert`]: { file: '/etc/cert' }, [`${secret}_key`]: { file: '/etc/key' } },
        services: {
          web: web(1, {
            expose: { port: 8080, host_port: 8443, tls: { certificate: `${secret}_cert`, key: `${secret}_key` } },
          }),
          api: web(api, {
            expose: { port: 8080, host_port: 9443, tls: { certificate: `${secret}_cert`, key: `${secret}_key` } },
          }),
        },
      });
    const world = deployed(shop('old', 1));
    const changed = shop('new', 2);
    const { plan: limited } = plan(changed, world.observe(changed), {
      ...next,
      intent: { kind: 'deploy', force: false, services: ['api'] },
    });
    const configure = allSteps(limited).find((step) => step.kind === 'configure');
    const { front } = configure as Extract<typeof configure, { kind: 'configure' }>;
    const known = new Set(front.certificates.map(({ name }) => name));
    expect(
      front.routes
        .flatMap(({ tls }) => (tls && !isAutomatic(tls) ? [tls.certificate, tls.key] : []))
        .filter((name) => !known.has(name)),
    ).toEqual([]);
    expect([...known].sort()).toEqual(['new_cert', 'new_key', 'old_cert', 'old_key']);
  });

  it('names its steps with shares and times, and says how long it takes', () => {
    const canary = (version: number) =>
      stack(
        web(version, {
          replicas: 2,
          expose: { port: 8080, host_port: 80 },
          strategy: { canary: { steps: [{ weight: 25, bake: '10m', approval: true }] } },
        }),
      );
    const world = deployed(canary(1));
    const { plan: rollout } = plan(canary(2), world.observe(canary(2)), next);
    const told = allSteps(rollout)
      .filter(({ kind }) => ['route', 'hold', 'approve'].includes(kind))
      .map(({ title }) => title);
    expect(told).toEqual([
      'send 25 % of web to the new set',
      'bake web at 25 % for 600 s',
      'approve web beyond 25 %',
      'route around the first new web while they get their names',
      'send 100 % of web to the new set',
    ]);
    expect(rollout.estimateMs).toBeGreaterThan(600_000);
  });
});

describe('a rollout that ended without a word', () => {
  it('leaves requests and names where they were, before its instances go', () => {
    const blueGreen = (version: number) =>
      stackOf({
        name: 'front',
        services: {
          web: web(version, { replicas: 2, strategy: 'blue_green', expose: { port: 8080, host_port: 80 } }),
          user: { image: 'user:1', depends_on: ['web'], health_check: { tcp: 1 } },
        },
      });
    const world = deployed(blueGreen(1));
    const tables = structuredClone(world.traffic!.tables);
    for (const step of allSteps(plan(blueGreen(2), world.observe(blueGreen(2)), next).plan)) world.perform(step);
    expect(world.traffic!.tables).not.toEqual(tables);
    const settlement = planSettlement({
      views: [{ taskQueue: '', observation: world.observe(blueGreen(1)) }],
      committed: 1,
      runtime: 'docker',
    });
    const steps = settlement.stages.flatMap(({ lanes }) => lanes.flat());
    for (const step of steps) {
      world.perform(step);
      const names = new Set([...world.instances.keys()].map((name) => `${name}:8080`));
      expect(world.traffic!.tables[0]!.targets.every(({ address }) => names.has(address))).toBe(true);
    }
    expect(world.traffic!.tables).toEqual(tables);
    expect(
      [...world.instances.keys()].filter((name) => name.includes('-web-')).map((name) => [name, world.names.get(name)]),
    ).toEqual([
      ['front-production-web-1-d1', ['web']],
      ['front-production-web-2-d1', ['web']],
    ]);
  });
});
