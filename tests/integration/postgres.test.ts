import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pino from 'pino';
import { DeployCodeClient } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { createWorker, type DeployCodeWorker } from '../../src/worker';
import { shop } from '../support/memory-stack';
import { describeWith } from '../support/parts';
import { until } from '../support/until';

/** The production-shaped server: search attributes on SQL, several shards, no eager tricks. */
describeWith('postgres', 'the engine on a Temporal with PostgreSQL', () => {
  const connection = { address: process.env.DEPLOY_CODE_TEST_POSTGRES_ADDRESS! };
  const host = new MemoryHost();
  let worker: DeployCodeWorker;
  let running: Promise<void>;
  let client: DeployCodeClient;
  beforeAll(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'deploy-code-postgres-'));
    worker = await createWorker({
      connection,
      namespace: 'default',
      dataDir,
      runtimes: { memory: createMemoryRuntime(host) },
      logger: pino({ level: 'silent' }),
      workflowBundle: resolve('dist/workflow-bundle.js'),
    });
    running = worker.run();
    client = await DeployCodeClient.connect(connection);
  });
  afterAll(async () => {
    await client.close();
    worker.shutdown();
    await running;
  });

  it('deploys, rolls back and finds both again in the history', async () => {
    const stack = shop();
    const place = { stack: stack.name, environment: 'test' };
    expect(await (await client.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded', release: 1 });
    host.exits['web:2'] = 1;
    expect(await (await client.deploy(shop({ web: 'web:2' }, {}, stack.name))).result()).toMatchObject({
      outcome: 'rolled_back',
      release: 1,
    });
    await until(async () => (await client.history(place)).filter(({ result }) => result).length === 2);
    const history = await client.history(place);
    expect(history.map(({ deployment, status }) => ({ deployment, status }))).toEqual([
      { deployment: 2, status: 'rolled_back' },
      { deployment: 1, status: 'succeeded' },
    ]);
    expect(await (await client.deployment(place, 2)).result()).toMatchObject({ cause: { message: 'web-1 exited 1' } });
  });
});
