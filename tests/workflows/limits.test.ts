import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { dataConverter } from '../../src/payloads/data-converter';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { deploymentId, taskQueue, type DeploymentInput } from '../../src/workflows/messages';
import type { Stack } from '../../src/config/stack';
import { address, startEngine, type TestEngine } from '../support/engine';
import { memoryStack } from '../support/memory-stack';

const host = new MemoryHost();
let engine: TestEngine;
let temporal: Client;

beforeAll(async () => {
  engine = await startEngine('limits', { runtimes: { memory: createMemoryRuntime(host) } });
  temporal = new Client({ connection: await Connection.connect({ address: address() }), namespace: 'limits', dataConverter: dataConverter() });
});

afterAll(async () => {
  await temporal.connection.close();
  await engine.close();
});

/** Starts a deployment as a client would that checks nothing. */
function startUnchecked(stack: Stack) {
  const input: DeploymentInput = { stack, taskQueue, pinned: {}, intent: { kind: 'deploy', force: false }, requestedBy: 'mallory' };
  return temporal.workflow.start('deployment', { workflowId: deploymentId({ stack: stack.name, environment: stack.environment }, `r${Date.now()}`), taskQueue, args: [input] });
}

const grown = (stack: Stack, change: Partial<Stack['services'][string]>): Stack => ({ ...stack, services: { web: { ...stack.services.web!, ...change } } });

it('a client refuses a stack that is too large before anything starts', async () => {
  const stack = grown(memoryStack({ web: { image: 'web:1' } }), { replicas: 1_000_000 });
  await expect(engine.client.deploy(stack)).rejects.toThrow('services.web.replicas: is 1,000,000; a service has at most 1,000 instances');
  await expect(engine.client.plan(stack)).rejects.toThrow('at most 1,000 instances');
});

it('the worker ends a deployment of a stack that is too large, whoever has started it', async () => {
  const handle = await startUnchecked(grown(memoryStack({ web: { image: 'web:1' } }), { replicas: 1_000_000 }));
  await expect(handle.result()).rejects.toMatchObject({ cause: { message: expect.stringContaining('the stack is too large: services.web.replicas is 1,000,000') } });
});

it('forty services that share a large config start side by side, and its content is in the history once', async () => {
  const content = randomBytes(165_000).toString('base64');
  const services = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`s${index}`, { image: 'app:1', configs: { ca: '/etc/ssl/ca.crt' } }]));
  const handle = await engine.client.deploy(memoryStack(services, { configs: { ca: { content } }, deployment: { max_parallel: 40 } }));
  expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
  const { raw } = await temporal.workflow.getHandle(handle.id).describe();
  expect(Number(raw.workflowExecutionInfo?.historySizeBytes)).toBeLessThan(3 * content.length);
  const written = [...host.instances.values()].flatMap(({ spec }) => spec.files.map((file) => file.content));
  expect(written.filter((each) => each === content)).toHaveLength(40);
});
