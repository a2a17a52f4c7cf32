import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import fc from 'fast-check';
import { createActivities } from '../../src/activities';
import type { Activities } from '../../src/activities/contract';
import type { Dependencies } from '../../src/activities/dependencies';
import { isDeploymentId, isName, requireObject } from '../../src/model/names';
import { isFull } from '../support/exhaustive';

const cases = isFull ? 20_000 : 400;

/** Whatever is asked of them counts. */
function watched(): { dependencies: Dependencies; touched: string[] } {
  const touched: string[] = [];
  const spy = (name: string): unknown =>
    new Proxy(() => undefined, {
      get: (_, key) => (key === 'then' ? undefined : spy(`${name}.${String(key)}`)),
      apply: () => {
        touched.push(name);
        return spy(name);
      },
    });
  const parts = Object.fromEntries(
    ['runtimes', 'secrets', 'directory', 'events', 'auditDatabase'].map((name) => [name, spy(name)]),
  );
  return { dependencies: { ...parts, dataDir: '/nowhere' } as unknown as Dependencies, touched };
}

/** Whether some activity takes a name, be it of an object on a cluster, `shop/api`. */
function isTaken(text: string): boolean {
  if (isName('stack', text) || isDeploymentId(text) || isName('request', text)) return true;
  try {
    return requireObject('instance', text) !== '';
  } catch {
    return false;
  }
}

const hostile = fc
  .array(fc.constantFrom('shop', '..', '/', "'", '\\', ' OR ', '?', '\0', '\n', '-', 'A', '%2e'), { maxLength: 5 })
  .map((parts) => parts.join(''))
  .filter((text) => !isTaken(text));
const context = (bad: Partial<Record<'stack' | 'environment' | 'namespace', string>>) => ({
  runtime: 'docker',
  stack: 'shop',
  environment: 'production',
  deployment: 1,
  secrets: {},
  envFiles: [],
  ...bad,
});
const stack = (bad: Partial<Record<'name' | 'environment', string>>, services = {}) => ({
  name: 'shop',
  environment: 'production',
  runtime: 'docker',
  services,
  networks: {},
  infrastructure: {},
  secrets: {},
  ...bad,
});
const request = (bad: object) => ({
  place: { stack: 'shop', environment: 'production' },
  what: { kind: 'repair' },
  by: 'ana',
  requestId: 'r1',
  ...bad,
});

/** Ways to bring a name in, by activity. */
const ways: ((name: string) => [keyof Activities, ...unknown[]])[] = [
  (name) => ['readAudit', { stack: 'shop', environment: name }, 50, undefined],
  (name) => ['recordAudit', { stack: name, environment: 'production' }, { id: '1' }],
  (name) => ['recallEnvironment', { stack: 'shop', environment: name, runtime: 'docker' }],
  (name) => ['observe', stack({ environment: name }), {}],
  (name) => ['describeInstances', stack({ name })],
  (name) => ['observe', stack({}, { [name]: { name: 'api' } }), {}],
  (name) => ['readLogs', context({}), [name], 10, {}],
  (name) => ['runCommand', context({}), name, ['sh'], 1000],
  (name) => ['removeVolume', context({}), name],
  (name) => ['removeVolume', context({ stack: name }), 'shop_data'],
  (name) => ['removeNetwork', context({ namespace: name }), 'shop_default'],
  (name) => ['startInstance', context({}), { name, service: 'api' }, { afterTrouble: false }],
  (name) => [
    'removeInstances',
    context({}),
    [
      { name: 'shop-api-1', service: 'api' },
      { name, service: 'api' },
    ],
  ],
  (name) => [
    'restartInstance',
    { place: { stack: 'shop', environment: 'production' }, runtime: 'process', instance: name },
  ],
  (name) => [
    'restartInstance',
    { place: { stack: 'shop', environment: 'production' }, runtime: 'process', instance: 'x', host: name },
  ],
  (name) => ['requestDeployment', request({ place: { stack: name, environment: 'production' } })],
  (name) => ['requestDeployment', request({ requestId: name })],
  (name) => ['requestDeployment', request({ what: { kind: 'run', job: name } })],
  (name) => ['cancelDeployment', `deployment/shop/production/${name}`],
  (name) => ['readHostBreakers', [`host/docker/${name}/x`]],
  (name) => ['syncSchedules', context({}), [], [name]],
  (name) => [
    'joinEnvironment',
    {
      stack: 'shop',
      environment: 'production',
      runtime: 'docker',
      workflowId: 'deployment/shop/production/1',
      hosts: [name],
    },
  ],
];

const balancer = { name: 'shop-production-load-balancer-1-d1', service: 'load-balancer' };
const route = { key: 'web', service: 'web', port: 8080, listen: 80, path: '/', timeoutMs: 60_000 };
const front = (more: object) => ({ routes: [{ ...route, ...more }], redirects: [], certificates: [] });

it.each<[string, keyof Activities, unknown]>([
  [
    'a port that is a piece of configuration',
    'configureBalancer',
    front({ listen: '80; } } include /etc/passwd; events {' }),
  ],
  ['a port beyond all ports', 'configureBalancer', front({ port: 65_536 })],
  ['a timeout that is text', 'configureBalancer', front({ timeoutMs: '1s; include x' })],
  ['a certificate with a path', 'configureBalancer', front({ tls: { certificate: '../x', key: 'k' } })],
  ['a redirect to nowhere', 'configureBalancer', { ...front({}), redirects: [{ from: 80, to: '443;' }] }],
  ['a weight of billions', 'routeTraffic', [{ route: 'web', targets: [{ address: 'web:8080', weight: 5e9 }] }]],
  [
    'weights of more than the whole',
    'routeTraffic',
    [
      {
        route: 'web',
        targets: [
          { address: 'a:1', weight: 60 },
          { address: 'b:1', weight: 60 },
        ],
      },
    ],
  ],
])('nothing reaches the load balancer with %s', async (_, activity, given) => {
  const { dependencies, touched } = watched();
  const run = createActivities(dependencies)[activity] as (...args: unknown[]) => Promise<unknown>;
  const ended = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(
    run,
    context({}),
    balancer,
    given,
  );
  await expect(ended).rejects.toMatchObject({ type: 'SoftwareFault', nonRetryable: true });
  expect(touched).toEqual([]);
});

it(`activities refuse names outside their grammar before they do anything (${cases} cases)`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...ways), hostile, async (way, name) => {
      const { dependencies, touched } = watched();
      const [activity, ...input] = way(name);
      const run = createActivities(dependencies)[activity] as (...args: unknown[]) => Promise<unknown>;
      const error = await new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
        .run(run, ...input)
        .then(
          () => undefined,
          (reason: unknown) => reason,
        );
      expect(error).toMatchObject({ type: 'SoftwareFault', nonRetryable: true });
      expect(touched).toEqual([]);
    }),
    { numRuns: cases },
  );
});

const modes = ['host', 'none', 'default', 'bridge', 'container:victim', 'ns:/proc/1/ns/net'];

/** Ways to have an instance join a network. */
const joins: ((network: string) => [keyof Activities, ...unknown[]])[] = [
  (name) => [
    'startInstance',
    context({}),
    {
      name: 'shop-api-1',
      service: 'api',
      networks: [
        { name: 'shop_default', aliases: [] },
        { name, aliases: [] },
      ],
    },
    {},
  ],
  (name) => [
    'startInstance',
    context({}),
    { name: 'shop-api-1', service: 'api', networks: [], names: [{ name, aliases: [] }] },
    {},
  ],
  (name) => ['createJob', context({}), { name: 'shop-api-1', service: 'api', networks: [{ name, aliases: [] }] }],
  (name) => ['runTest', context({}), { name: 'shop-api-1', service: 'api', networks: [{ name, aliases: [] }] }, 1000],
  (name) => ['attachInstance', context({}), { name: 'shop-api-1', service: 'api' }, [{ name, aliases: [] }]],
  (name) => ['createNetwork', context({}), { name }],
  (name) => ['startInstance', context({}), { name: 'shop-api-1', service: 'api', networkMode: `network:${name}` }, {}],
  (name) => ['observe', { ...stack({}), networks: { n: { name, external: true } } }, {}],
];

it.each(modes)('activities refuse the mode %j as the name of a network', async (name) => {
  for (const way of joins) {
    const { dependencies, touched } = watched();
    const [activity, ...input] = way(name);
    const run = createActivities(dependencies)[activity] as (...args: unknown[]) => Promise<unknown>;
    const error = await new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(run, ...input).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      type: 'SoftwareFault',
      nonRetryable: true,
      message: expect.stringContaining('is a network mode of Docker'),
    });
    expect(touched).toEqual([]);
  }
});
