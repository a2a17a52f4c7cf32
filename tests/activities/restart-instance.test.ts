import { EventEmitter } from 'node:events';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { RestartOrders } from '../../src/activities/contract';
import type { Dependencies } from '../../src/activities/dependencies';
import { watchActivities } from '../../src/activities/watch';
import type { Stack } from '../../src/config';
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
