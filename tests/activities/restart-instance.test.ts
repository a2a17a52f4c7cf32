import { EventEmitter } from 'node:events';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { RestartOrders } from '../../src/activities/contract';
import type { Dependencies } from '../../src/activities/dependencies';
import { watchActivities } from '../../src/activities/watch';
import { followersOf } from '../../src/activities/watch/followers';
import type { Stack } from '../../src/config';
import type { ObservedInstance } from '../../src/model/observation';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { spec } from '../runtimes/contract';
import { stackOf } from '../support/stack';

const place = { stack: 'shop', environment: 'test' };

/** Where the watch looks for an instance that it is to restart. */
async function whereIs(orders: Partial<RestartOrders>, stack?: Stack): Promise<unknown> {
  const asked: unknown[] = [];
  const runtimes = (where: unknown) => {
    asked.push(where);
    return { observe: async () => ({ instances: [] }) };
  };
  const directory = { release: async () => stack && { stack, deployment: 1, images: {}, jobs: [] } };
  const { restartInstance } = watchActivities({
    runtimes,
    directory,
    events: new EventEmitter(),
  } as unknown as Dependencies);
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  await environment.run(() => restartInstance({ place, instance: 'api-1', runtime: 'docker', ...orders }));
  return asked[0];
}

describe('a restart by the watch', () => {
  it('is in the namespace that the release names', async () => {
    const infrastructure = { orchestrator: 'Kubernetes', kubernetes: { namespace: 'shared' } };
    const stack = stackOf({ name: 'shop', environment: 'test', infrastructure, services: { api: { image: 'api:1' } } });
    expect(await whereIs({ runtime: 'kubernetes', release: 1 }, stack)).toEqual({
      ...place,
      runtime: 'kubernetes',
      namespace: 'shared',
    });
  });

  it('is by the runtime of the host where the instance is', async () => {
    const hosts = { one: { address: '10.0.0.1' }, cluster: { kubernetes: { kubeconfig: '/cluster' } } };
    const services = { api: { image: 'api:1', host: 'one' }, web: { image: 'web:1', host: 'cluster' } };
    const stack = stackOf({
      name: 'shop',
      environment: 'test',
      infrastructure: { hosts, kubernetes: { namespace: 'shared' } },
      services,
    });
    const kept = { ...stack, placement: { api: 'one', web: 'cluster' } };
    expect(await whereIs({ release: 1, host: 'one' }, kept)).toMatchObject({ ...place, runtime: 'docker' });
    expect(await whereIs({ release: 1, host: 'cluster' }, kept)).toEqual({
      ...place,
      runtime: 'kubernetes',
      namespace: 'shared',
    });
  });

  it('is by the runtime of the environment where the orders are of an earlier version', async () => {
    expect(await whereIs({})).toEqual({ ...place, runtime: 'docker' });
  });

  it('says so where the release is not kept', async () => {
    await expect(whereIs({ release: 7 })).rejects.toThrow('release 7 of shop/test is not kept');
  });
});

describe('after a restart by the watch', () => {
  const stack = stackOf({
    name: 'shop',
    environment: 'test',
    services: {
      db: { image: 'db:1' },
      api: { image: 'api:1', depends_on: { db: { restart: true } } },
      web: { image: 'web:1', network_mode: 'service:api' },
      other: { image: 'other:1', depends_on: ['db'] },
    },
  });
  const up = { ordinal: 1, deployment: 2, kind: 'service', state: 'running', restart: 'always', policy: 'always' };
  const web = { ...up, name: 'web-1', service: 'web', phase: 3, joins: { network: 'api-1' } };
  const api = { ...up, name: 'api-1', service: 'api', phase: 2 };
  const db = { ...up, name: 'db-1', service: 'db', phase: 1 };
  const other = { ...up, name: 'other-1', service: 'other', phase: 2 };
  const namesAfter = (one: object, all: object[], of?: Stack) =>
    followersOf(one as ObservedInstance, all as ObservedInstance[], of).map(({ name }) => name);

  it('those that join its namespaces, and those that restart with it, follow by phase', () => {
    const all = [web, other, api, db];
    expect(namesAfter(db, all, stack)).toEqual(['api-1', 'web-1']);
    expect(namesAfter(api, all)).toEqual(['web-1']);
    expect(namesAfter(web, all)).toEqual([]);
    expect(namesAfter(db, all)).toEqual([]);
  });

  it('what is down for good stays down, and so does what a deployment has replaced', () => {
    const down = { ...api, state: 'exited' };
    expect(namesAfter(db, [db, { ...down, restart: 'no', policy: 'no' }], stack)).toEqual([]);
    expect(namesAfter(db, [db, { ...down, restart: 'always', policy: 'no' }], stack)).toEqual(['api-1']);
    expect(namesAfter(db, [db, api, { ...down, name: 'api-1-old', deployment: 1 }], stack)).toEqual(['api-1']);
  });

  it('they start when it is healthy again', async () => {
    const host = new MemoryHost();
    const runtime = createMemoryRuntime(host).within(place);
    for (const { name, service, phase } of [db, api]) {
      await runtime.create(spec(name, { ...place, name, service, phase, restart: 'always' }));
      await runtime.start(name);
    }
    host.calls.length = 0;
    const { restartInstance } = watchActivities({
      runtimes: () => runtime,
      directory: { release: async () => ({ stack, deployment: 1, images: {}, jobs: [] }) },
      events: new EventEmitter(),
    } as unknown as Dependencies);
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    await environment.run(() => restartInstance({ place, instance: 'db-1', runtime: 'memory', release: 1 }));
    expect(host.calls).toEqual(
      ['db-1', 'api-1'].flatMap((name) => [`retire ${name}`, `revive ${name}`, `start ${name}`]),
    );
  });
});
