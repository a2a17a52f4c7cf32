import { balancerName } from '../../src/model/traffic';
import { stackOf } from '../support/stack';
import { allSteps, emptyObservation, plan, StackObservation } from '../support/observation';

const stack = stackOf({
  name: 'shop',
  environment: 'staging',
  infrastructure: { network: { cidr: '172.20.0.0/16' } },
  secrets: { key: { file: '/etc/key' }, cert: { file: '/etc/cert' } },
  services: {
    api: { image: 'a', secrets: ['key'] },
    migrate: { kind: 'job', image: 'm', secrets: ['key'] },
    web: {
      image: 'w',
      health_check: { http: ':8080/' },
      expose: { port: 8080, host_port: 8443, tls: { certificate: 'cert', key: 'key' } },
    },
  },
});
const of = (secrets: Record<string, string>) => ({ ...emptyObservation(stack), secrets });

/** The host as version 0.1 left it, and what is planned there now; `jobs`: the last run of each. */
function upgraded(secrets: Record<string, string>) {
  const world = new StackObservation('shop/staging');
  const { plan: first } = plan(stack, of({ key: 'k', cert: 'c' }));
  for (const step of [...first.preparation, ...allSteps(first)]) world.perform(step);
  const ran = allSteps(first).flatMap((step) => (step.kind === 'create-job' ? [step.instance.hash] : []))[0]!;
  const next = plan(
    stack,
    { ...world.observe(stack), secrets },
    { deployment: 2, release: { to: 2 }, jobs: { migrate: ran } },
  ).plan;
  return Object.fromEntries(next.phases.flatMap(({ services }) => services.map(({ name, action }) => [name, action])));
}

describe('the first deployment after an upgrade', () => {
  it('replaces nothing whose secrets have not changed', () => {
    expect(upgraded({ key: 'k2', 'earlier:key': 'k', cert: 'c2', 'earlier:cert': 'c' })).toEqual({
      api: 'keep',
      migrate: 'skip',
      web: 'keep',
      [balancerName]: 'keep',
    });
  });

  it('replaces what uses a secret that has changed', () => {
    expect(upgraded({ key: 'k3', 'earlier:key': 'other', cert: 'c2', 'earlier:cert': 'c' })).toMatchObject({
      api: 'replace',
      migrate: 'run',
      web: 'keep',
    });
  });
});

describe('an instance of this version', () => {
  it('is replaced where a final line end of its secret was added or removed', () => {
    const world = new StackObservation('shop/staging');
    const { plan: first } = plan(stack, of({ key: 'with', 'earlier:key': 'k', cert: 'c' }));
    for (const step of [...first.preparation, ...allSteps(first)]) world.perform(step);
    const next = plan(
      stack,
      { ...world.observe(stack), secrets: { key: 'without', 'earlier:key': 'k', cert: 'c' } },
      { deployment: 2, release: { to: 2 } },
    ).plan;
    expect(next.phases.flatMap(({ services }) => services).find(({ name }) => name === 'api')).toMatchObject({
      action: 'replace',
      changes: [{ key: 'secrets' }],
    });
  });
});

describe('a secret that cannot be masked', () => {
  it('is warned of in the plan', () => {
    expect(
      plan(stack, of({ key: 'k', 'unmasked:key': 'short', cert: 'c', 'unmasked:cert': 'empty' })).plan.warnings,
    ).toEqual([
      'the secret key has fewer than four characters, so it cannot be masked in logs and messages',
      'the secret cert is empty',
    ]);
  });
});
