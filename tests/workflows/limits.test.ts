import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { dataConverter } from '../../src/payloads/data-converter';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { deploymentId, taskQueue, type DeploymentInput } from '../../src/workflows/messages';
import type { Stack } from '../../src/model/stack';
import { address, startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { memoryStack } from '../support/memory-stack';
import { itInFull } from '../support/exhaustive';

const host = new MemoryHost();
let engine: TestEngine;
let temporal: Client;

beforeAll(async () => {
  engine = await startEngine('limits', { runtimes: { memory: createMemoryRuntime(host) } });
  temporal = new Client({
    connection: await Connection.connect({ address: address() }),
    namespace: 'limits',
    dataConverter: dataConverter(),
  });
});

afterAll(async () => {
  await temporal.connection.close();
  await engine.close();
});

/** Starts a deployment as a client would that checks nothing. */
function startUnchecked(stack: Stack) {
  const input: DeploymentInput = {
    stack,
    taskQueue,
    pinned: {},
    intent: { kind: 'deploy', force: false },
    requestedBy: 'mallory',
  };
  return temporal.workflow.start('deployment', {
    workflowId: deploymentId({ stack: stack.name, environment: stack.environment }, `r${Date.now()}`),
    taskQueue,
    args: [input],
  });
}

const grown = (stack: Stack, change: Partial<Stack['services'][string]>): Stack => ({
  ...stack,
  services: { web: { ...stack.services.web!, ...change } },
});

it('a client refuses a stack that is too large before anything starts', async () => {
  const stack = grown(memoryStack({ web: { image: 'web:1' } }), { replicas: 1_000_000 });
  await expect(engine.client.deploy(stack)).rejects.toThrow(
    'services.web.replicas: is 1,000,000; a service has at most 1,000 instances',
  );
  await expect(engine.client.plan(stack)).rejects.toThrow('at most 1,000 instances');
});

it('the worker ends a deployment of a stack that is too large, whoever has started it', async () => {
  const handle = await startUnchecked(grown(memoryStack({ web: { image: 'web:1' } }), { replicas: 1_000_000 }));
  await expect(handle.result()).rejects.toMatchObject({
    cause: { message: expect.stringContaining('the stack is too large: services.web.replicas is 1,000,000') },
  });
});

it('forty services that share a large config start side by side, and its content is in the history once', async () => {
  const content = randomBytes(165_000).toString('base64');
  const services = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`s${index}`, { image: 'app:1', configs: { ca: '/etc/ssl/ca.crt' } }]),
  );
  const handle = await engine.client.deploy(
    memoryStack(services, { configs: { ca: { content } }, deployment: { max_parallel: 40 } }),
  );
  expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
  const { raw } = await temporal.workflow.getHandle(handle.id).describe();
  expect(Number(raw.workflowExecutionInfo?.historySizeBytes)).toBeLessThan(3 * content.length);
  const written = [...host.instances.values()].flatMap(({ spec }) => spec.files.map((file) => file.content));
  expect(written.filter((each) => each === content)).toHaveLength(40);
});

it('replicas with large settings start, though all of them together do not fit into one message', async () => {
  const environment = { SEED: randomBytes(140_000).toString('base64') };
  const stack = memoryStack(
    { web: { image: 'app:1', replicas: 40, strategy: 'recreate', environment } },
    { deployment: { max_parallel: 40 } },
  );
  expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
});

describe('a deployment whose workflow tasks always fail', () => {
  const quick = { failingMs: 1000, unservedMs: 60_000 };
  const web = (image: string, name?: string): Stack => {
    const stack = memoryStack(
      { web: { image, health_check: { command: ['check'], interval: '100ms', start_period: '10m' } } },
      { deployment: { timeout_seconds: 600 } },
    );
    return name === undefined ? stack : { ...stack, name };
  };
  const running = (stack: Stack) =>
    [...host.instances.values()]
      .filter(({ spec, status }) => spec.stack === stack.name && status.state === 'running')
      .map(({ spec }) => spec.image);

  /**
   * A version that runs, and a deployment that has its turn and stands still for ever: no worker here can read what it
   * was sent.
   */
  async function poisoned(): Promise<{ stack: Stack; id: string }> {
    const stack = web('web:1');
    await (await engine.client.deploy(stack)).result();
    host.unhealthy['web:2'] = 'never';
    const { id } = await engine.client.deploy(web('web:2', stack.name));
    await eventually(async () =>
      expect(
        (await engine.client.environment({ stack: stack.name, environment: stack.environment }))?.running?.workflowId,
      ).toBe(id),
    );
    const sealed = {
      metadata: { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('nobodys') },
      data: Buffer.alloc(40),
    };
    await temporal.workflowService.signalWorkflowExecution({
      namespace: 'limits',
      workflowExecution: { workflowId: id },
      signalName: 'answer',
      input: { payloads: [sealed] },
    });
    return { stack, id };
  }

  it('holds no other environment up, and `cancel` ends it and puts back what ran', async () => {
    const { stack, id } = await poisoned();
    expect(await (await engine.client.deploy(web('other:1'))).result()).toMatchObject({ outcome: 'succeeded' });
    const { ending, settling } = await engine.client.cancel(stack, id, 'ana', { responseLimits: quick });
    expect(ending).toBe('terminated');
    expect(await settling!.result()).toMatchObject({ outcome: expect.stringMatching(/succeeded|unchanged/) });
    expect(running(stack)).toEqual(['web:1']);
  });

  itInFull('is ended by a request that supersedes it, which then deploys', async () => {
    const { stack } = await poisoned();
    const handle = await engine.client.deploy(web('web:3', stack.name), { whenBusy: 'supersede' });
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    expect(running(stack)).toEqual(['web:3']);
  });

  it('one that can take a cancellation is left to roll back', async () => {
    host.unhealthy['web:2'] = 'not yet';
    const stack = web('web:2');
    const handle = await engine.client.deploy(stack);
    await eventually(async () => expect(running(stack)).toContain('web:2'));
    expect(await engine.client.cancel(stack, handle.id, 'ana')).toEqual({ ending: 'answered' });
    expect(await handle.result()).toMatchObject({ outcome: 'cancelled' });
    expect(running(stack)).toEqual([]);
    expect(await engine.client.cancel(stack, handle.id, 'ana')).toEqual({ ending: 'over' });
  });
});
