import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventEmitter } from 'node:events';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { Dependencies } from '../../src/activities/dependencies';
import { SecretStore } from '../../src/activities/secrets';
import { watchActivities } from '../../src/activities/watch';
import { createKubernetesRuntime } from '../../src/runtimes/kubernetes';
import type { RuntimeDriver, Scope } from '../../src/runtimes/runtime';
import { images } from '../support/image';
import { clusterEndpoint, deleteNamespace } from '../support/cluster';
import { describeWith } from '../support/parts';
import { stackOf } from '../support/stack';
import { contract, givesTerminals, passesInputOn, spec, testScope } from './contract';

const namespace = `contract-${process.pid}-test`;
/** One that a stack file names. */
const chosen = `${namespace}-chosen`;

describeWith('kubernetes', 'the Kubernetes runtime', () => {
  const cluster = createKubernetesRuntime(
    new SecretStore(mkdtempSync(join(tmpdir(), 'deploy-code-kubernetes-'))),
    clusterEndpoint(),
  );
  /** All scopes of the contract share a namespace. */
  const driver: RuntimeDriver = { ...cluster, within: (scope) => cluster.within({ ...scope, namespace }) };
  afterAll(async () => {
    await deleteNamespace(namespace);
    await deleteNamespace(chosen);
  });

  contract(() => ({
    driver,
    running: (name, more) => {
      const made = spec(name, { image: images.app, ...more });
      return { ...made, name: `${namespace}/${made.name}` };
    },
    exiting: (name, code) => {
      const made = spec(name, { image: images.app, kind: 'job', command: ['sh', '-c', `exit ${code}`] });
      return { ...made, name: `${namespace}/${made.name}` };
    },
    fileAt: (path) => path,
    volumeAt: (name) => `${namespace}/${name}`,
  }));

  it('passes the input of a command on, and gives it a terminal of the size of its client', async () => {
    const runtime = driver.within(testScope);
    const made = spec('input', { image: images.app });
    const instance = { ...made, name: `${namespace}/${made.name}` };
    await runtime.workloads!.apply(instance, false);
    const signal = AbortSignal.timeout(60_000);
    await runtime.workloads!.awaitReady(instance, { signal, judgesRoutes: false, onWaiting: () => undefined });
    await passesInputOn(runtime, instance.name);
    await givesTerminals(runtime, instance.name, '/bin/busybox stty');
    await runtime.remove(instance);
  });

  it('restarts for the watch what is in a namespace that the release names', async () => {
    const { stack, environment } = testScope;
    const runtime = cluster.within({ ...testScope, namespace: chosen });
    const made = spec('api', { image: images.app });
    const instance = { ...made, name: `${chosen}/${made.name}` };
    const infrastructure = { orchestrator: 'Kubernetes', kubernetes: { namespace: chosen } };
    const kept = stackOf({ name: stack, environment, infrastructure, services: { api: { image: images.app } } });
    const { restartInstance } = watchActivities({
      runtimes: (place: Scope) => cluster.within(place),
      directory: { release: async () => ({ stack: kept }) },
      events: new EventEmitter(),
    } as unknown as Dependencies);
    const restart = (release?: number) =>
      new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(() =>
        restartInstance({ place: { stack, environment }, runtime: 'kubernetes', instance: instance.name, release }),
      );
    const podOf = async () => (await runtime.workloads!.pods(instance.name)).map(({ name }) => name);
    const comeUp = () =>
      runtime.workloads!.awaitReady(instance, {
        signal: AbortSignal.timeout(60_000),
        judgesRoutes: false,
        onWaiting: () => undefined,
      });
    await runtime.workloads!.apply(instance, false);
    expect(await comeUp()).toBeUndefined();
    const before = await podOf();
    await restart();
    expect(await podOf()).toEqual(before);
    await restart(1);
    expect(await comeUp()).toBeUndefined();
    const after = await podOf();
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
    await runtime.remove(instance);
  });
});
