import { groupsOf } from '../../src/plan/hosts/groups';
import { servicesOf } from '../../src/plan/plan';
import { summarise } from '../../src/workflows/deployment/report/summary';
import { allSteps, plan, StackObservation } from '../support/observation';
import { stackOf } from '../support/stack';

const base = { name: 'shop', environment: 'staging' };

describe('services that follow others', () => {
  const stack = (tag: string) =>
    stackOf({
      ...base,
      services: {
        web: { image: 'web:1', network_mode: 'service:vpn', depends_on: ['db'] },
        vpn: { image: `vpn:${tag}` },
        db: { image: 'db:1' },
        api: { image: 'api:1', depends_on: { db: { restart: true } } },
        other: { image: 'other:1', depends_on: ['vpn'] },
      },
    });
  const actions = (planning: ReturnType<typeof plan>) =>
    servicesOf(planning.plan.phases).flatMap(({ name, action }) =>
      ['keep', 'leave'].includes(action) ? [] : [`${name} ${action}`],
    );
  const world = () => {
    const host = new StackObservation('shop/staging');
    for (const step of allSteps(plan(stack('1')).plan)) host.perform(step);
    return host;
  };
  const next = (host: StackObservation, tag: string, intent: object = {}) =>
    plan(stack(tag), host.observe(stack(tag)), {
      deployment: 2,
      intent: { kind: 'deploy', force: false, ...intent },
    });

  it('stop before those whose namespaces they join, and start after them', () => {
    const planning = next(world(), '2');
    expect(actions(planning)).toEqual(['vpn replace', 'web restart']);
    expect(allSteps(planning.plan).map(({ title }) => title)).toEqual([
      'stop shop-staging-web-1-d1',
      'stop shop-staging-vpn-1-d1',
      'start vpn-1 (vpn:2)',
      'start web-1 (web:1)',
    ]);
    expect(
      summarise(planning.plan).phases.flatMap(({ services }) => services.map(({ steps }) => steps.length)),
    ).toEqual([2, 0, 2, 0, 0]);
  });

  it('are part of a deployment of these, with what they need', () => {
    const scope = (services: string[]) =>
      servicesOf(next(world(), '2', { services }).plan.phases)
        .filter(({ action }) => action !== 'leave')
        .map(({ name }) => name);
    expect(scope(['vpn'])).toEqual(['vpn', 'db', 'web', 'api']);
    expect(scope(['other'])).toEqual(['vpn', 'db', 'web', 'api', 'other']);
    expect(scope(['db'])).toEqual(['db', 'api']);
  });

  it('restart with them, when somebody asks for it or they are gone', () => {
    expect(actions(next(world(), '1', { kind: 'restart', services: ['db'] }))).toEqual(['db restart', 'api restart']);
    const host = world();
    host.instances.delete('shop-staging-vpn-1-d1');
    expect(actions(next(host, '1'))).toEqual(['vpn create', 'web restart']);
  });

  it('are replaced if they were left in namespaces that are gone', () => {
    const host = world();
    const web = [...host.instances.values()].find(({ service }) => service === 'web')!;
    web.leftBehind = ['shop-staging-vpn-1-d1'];
    const planning = next(host, '1');
    expect(actions(planning)).toEqual(['web replace']);
    expect(servicesOf(planning.plan.phases).find(({ name }) => name === 'web')!.changes).toEqual([
      {
        key: 'state',
        from: 'in namespaces that shop-staging-vpn-1-d1 had before it started again',
        to: 'running',
      },
    ]);
  });

  it('share the host of those whose namespaces they join', () => {
    const groups = groupsOf(stack('1'));
    expect(groups.find(({ services }) => services.some(({ name }) => name === 'web'))!.reasons).toContain(
      'web joins a namespace of vpn',
    );
  });

  it('restart on a cluster too', () => {
    const cluster = (tag: string) =>
      stackOf({
        ...base,
        infrastructure: { orchestrator: 'Kubernetes' },
        services: {
          db: { image: `db:${tag}`, health_check: { tcp: 1 } },
          api: { image: 'api:1', health_check: { tcp: 1 }, depends_on: { db: { restart: true } } },
        },
      });
    const host = new StackObservation('shop/staging');
    for (const step of allSteps(plan(cluster('1')).plan)) host.perform(step);
    const planning = plan(cluster('2'), host.observe(cluster('2')), { deployment: 2 });
    expect(actions(planning)).toEqual(['db replace', 'api restart']);
  });
});
