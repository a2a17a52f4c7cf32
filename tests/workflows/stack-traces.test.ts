import { Client, Connection } from '@temporalio/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { environmentId } from '../../src/workflows/messages';
import { address, startEngine } from '../support/engine';
import { memoryStack } from '../support/memory-stack';

/**
 * What a worker answers to the stack trace query of Temporal's UI, about the environment of a stack that it has
 * deployed.
 */
async function stackTrace(debugStacks: boolean): Promise<string> {
  const engine = await startEngine('stacks', {
    runtimes: { memory: createMemoryRuntime(new MemoryHost()) },
    debugStacks,
  });
  const temporal = new Client({ connection: await Connection.connect({ address: address() }), namespace: 'stacks' });
  try {
    const stack = memoryStack({ web: { image: 'web:1' } });
    await (await engine.client.deploy(stack)).result();
    return await temporal.workflow
      .getHandle(environmentId({ stack: stack.name, environment: stack.environment }))
      .query<string>('__stack_trace');
  } finally {
    await temporal.connection.close();
    await engine.close();
  }
}

// Fails where an upgrade of the SDK installs its promise hook in another way
// (docs/decisions/0015-workflow-threads-record-no-stacks.md).
it('a worker records no stacks of promises', async () => {
  await expect(stackTrace(false)).rejects.toThrow('stack traces are not enabled');
});

it('a worker with --debug-stacks answers the stack trace query of the Temporal UI', async () => {
  expect(await stackTrace(true)).toMatch(/ at .*environment/);
});
