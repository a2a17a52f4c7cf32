import type { Stack } from '../../../src/config';
import { manifestsOf } from '../../../src/plan/manifests';
import { claimsOf } from '../../../src/plan/hosts/claims';
import { place } from '../../../src/plan/hosts/place';
import type { HostObservation } from '../../../src/plan/hosts/view';
import type { Step } from '../../../src/plan/plan';
import { planOver, type Planning } from '../../../src/plan/planner';
import { allSteps, emptyObservation } from '../../support/observation';
import { stackOf } from '../../support/stack';

type Data = Record<string, unknown>;

const hosts = {
  here: { address: '10.0.0.1', zone: 'data' },
  cloud: { kubernetes: 'production', address: '10.0.0.9', zone: 'eu' },
  overseas: { kubernetes: { context: 'production-us' }, zone: 'us' },
};
const shop = (
  services: Record<string, Data>,
  { infrastructure = {}, ...more }: { infrastructure?: Data; [key: string]: unknown } = {},
): Stack =>
  stackOf({ name: 'shop', environment: 'test', infrastructure: { hosts, ...infrastructure }, services, ...more });
const kinds: Record<string, 'docker' | 'kubernetes'> = { here: 'docker', cloud: 'kubernetes', overseas: 'kubernetes' };
const views = (stack: Stack): HostObservation[] =>
  stack.hosts!.map(({ name }) => {
    const observation = emptyObservation(stack);
    return {
      name,
      taskQueue: name,
      observation: { ...observation, capacity: { ...observation.capacity, runtime: kinds[name], engine: name } },
    };
  });
const planned = (stack: Stack, of = views(stack)): Planning =>
  planOver(
    { stack, intent: { kind: 'deploy', force: false }, deployment: 1, release: { to: 1 }, jobs: {} },
    { views: of, placed: place(stack, of) },
  );
const starts = ({ plan }: Planning) =>
  allSteps(plan).flatMap((step: Step) => (step.kind === 'start' ? [`${step.instance.name} on ${step.host}`] : []));
const refused = (services: Record<string, Data>, more?: Data) => expect(() => shop(services, more));

describe('one stack over Docker and clusters', () => {
  it('runs a service where its host is, by the names that are usual there', () => {
    const planning = planned(
      shop({ db: { image: 'a' }, web: { image: 'b', host: 'cloud' }, far: { image: 'c', zone: 'us' } }),
    );
    expect(planning.refusals).toEqual([]);
    expect(starts(planning).sort()).toEqual([
      'shop-test-db-1-d1 on here',
      'shop-test/far on overseas',
      'shop-test/web on cloud',
    ]);
    expect(planning.plan.pulls.every(({ host }) => host === 'here')).toBe(true);
  });

  it('takes the word of a phase for its services, and the word of a service before that', () => {
    const stack = shop(
      { db: { image: 'a', phase: 1 }, web: { image: 'b', phase: 2 }, other: { image: 'c', phase: 2, zone: 'data' } },
      { deployment: { phases: { 2: { host: 'cloud' } } } },
    );
    expect(place(stack, views(stack)).placement).toEqual({ db: 'here', web: 'cloud', other: 'here' });
  });

  it('lets a service find another by name over the border, in both directions, where a port is open there', () => {
    const services = (web: Data = {}) => ({
      db: { image: 'a', ports: ['5432:5432'] },
      web: { image: 'b', host: 'cloud', depends_on: ['db'], ports: ['30080:8080'], ...web },
      edge: { image: 'c', host: 'here', depends_on: ['web'] },
    });
    const stack = shop(services(), {
      infrastructure: { hosts: { here: hosts.here, cloud: hosts.cloud }, kubernetes: { service_type: 'NodePort' } },
    });
    const { plan, refusals } = planned(stack);
    expect(refusals).toEqual([]);
    const found = Object.fromEntries(
      allSteps(plan).flatMap((step) =>
        step.kind === 'start' ? [[step.instance.service, step.instance.extraHosts]] : [],
      ),
    );
    expect(found).toEqual({ db: ['web:10.0.0.9'], web: ['db:10.0.0.1'], edge: ['web:10.0.0.9'] });
    const [service] = manifestsOf(stack, 1, { db: 'here', web: 'cloud', edge: 'here' }).filter(
      ({ kind }) => kind === 'Service',
    );
    expect(service).toMatchObject({
      metadata: { name: 'web' },
      spec: {
        type: 'NodePort',
        ports: expect.arrayContaining([expect.objectContaining({ port: 30_080, nodePort: 30_080 })]),
      },
    });
    const [workload] = manifestsOf(stack, 1, { db: 'here', web: 'cloud', edge: 'here' }).filter(
      ({ kind }) => kind === 'Deployment',
    );
    expect(workload).toMatchObject({ metadata: { name: 'web' }, spec: { minReadySeconds: 2 } });
    const low = shop(services({ ports: ['8080:8080'] }), {
      infrastructure: { hosts: { here: hosts.here, cloud: hosts.cloud }, kubernetes: { service_type: 'NodePort' } },
    });
    expect(planned(low).refusals).toEqual([
      { path: 'services.edge.host', message: expect.stringContaining('web has no fixed port outside its cluster') },
    ]);
    const closed = shop(services(), { infrastructure: { hosts: { here: hosts.here, cloud: hosts.cloud } } });
    expect(planned(closed).refusals).toEqual([
      {
        path: 'services.edge.host',
        message: expect.stringContaining(
          'web wants host cloud, edge wants host here, but they must share a host: ' +
            'edge depends on web (web has no fixed port outside its cluster)',
        ),
      },
    ]);
  });

  it('says what runs where it cannot be together', () => {
    const { refusals } = planned(shop({ db: { image: 'a' }, web: { image: 'b', host: 'cloud', depends_on: ['db'] } }));
    expect(refusals).toEqual([
      {
        path: 'services.web.host',
        message: expect.stringContaining(
          'web wants host cloud, db runs on a Docker Engine, but they must share a ' +
            'host: web depends on db (db publishes no fixed port)',
        ),
      },
    ]);
  });

  it('claims ports of hosts, not of services that have an address of their own', () => {
    const stack = shop({
      db: { image: 'a', ports: ['5432:5432'] },
      web: { image: 'b', host: 'cloud', ports: ['80:8080'] },
    });
    expect([...claimsOf(planned(stack).plan, stack)]).toEqual([['here', { ports: ['5432/tcp'], reserve: {} }]]);
  });

  it('is refused where a worker takes a host for something else', () => {
    const stack = shop({ web: { image: 'a', host: 'cloud' } });
    const wrong = views(stack).map((view) =>
      view.name === 'cloud'
        ? {
            ...view,
            observation: {
              ...view.observation,
              capacity: { ...view.observation.capacity, runtime: 'docker' as const },
            },
          }
        : view,
    );
    expect(planned(stack, wrong).refusals).toEqual([
      {
        path: 'infrastructure.hosts.cloud',
        message: expect.stringContaining('is a Docker Engine to its worker, but a cluster in this file'),
      },
    ]);
  });

  it('is told what cannot be when the file is read', () => {
    refused({ web: { image: 'a', host: 'cloud', init: true } }).toThrow(
      'init is not supported by Kubernetes; remove it, or choose another runtime',
    );
    refused({ web: { image: 'a', phase: 2 } }, { deployment: { phases: { 2: { host: 'moon' } } } }).toThrow(
      'there is no host "moon"',
    );
    refused({ web: { image: 'a' } }, { deployment: { phases: { 3: { host: 'cloud' } } } }).toThrow(
      'no service has `phase: 3`; remove the phase, or set it on a service',
    );
    refused(
      { web: { image: 'a' } },
      { infrastructure: { hosts: { both: { docker: 'unix:///var/run/docker.sock', kubernetes: 'x' } } } },
    ).toThrow('is set together with docker; keep one of the two');
  });

  it('gives the way in to Docker by a load balancer, and to a cluster by an Ingress', () => {
    const stack = shop({
      api: { image: 'a', expose: { port: 80, path: '/api' }, strategy: 'recreate' },
      web: { image: 'b', host: 'cloud', expose: { port: 80, host: 'shop.example.com' }, strategy: 'recreate' },
    });
    expect(stack.front!.routes.map(({ service }) => service)).toEqual(['api']);
    const { plan, refusals } = planned(stack);
    expect(refusals).toEqual([]);
    expect(
      allSteps(plan).flatMap((step) => (step.kind === 'start' ? [[step.instance.service, step.host]] : [])),
    ).toEqual(
      expect.arrayContaining([
        ['load-balancer', 'here'],
        ['api', 'here'],
        ['web', 'cloud'],
      ]),
    );
    expect(
      manifestsOf(stack, 1, { api: 'here', web: 'cloud', 'load-balancer': 'here' }).map(({ kind }) => kind),
    ).toEqual(expect.arrayContaining(['Deployment', 'Ingress']));
  });

  it('keeps to clusters where the stack is one of Kubernetes, and moves what it names to Docker', () => {
    const stack = shop(
      { a: { image: 'a' }, b: { image: 'b', host: 'here' }, c: { image: 'c', zone: 'eu' } },
      { infrastructure: { orchestrator: 'Kubernetes' } },
    );
    expect(Object.values(stack.services).map(({ runtime }) => runtime)).toEqual([undefined, 'docker', undefined]);
    const { placement } = place(stack, views(stack));
    expect(placement).toEqual({ a: expect.stringMatching(/cloud|overseas/), b: 'here', c: 'cloud' });
  });
});
