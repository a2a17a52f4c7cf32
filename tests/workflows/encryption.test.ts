import { mkdtempSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DeployCodeClient } from '../../src/client';
import { payloadCodec } from '../../src/payloads/codec';
import { keysOf, newKey } from '../../src/payloads/keys';
import { serveCodec } from '../../src/payloads/server';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { address, startEngine, type TestEngine } from '../support/engine';
import { memoryStack } from '../support/memory-stack';

const hidden = 'visible-with-the-key-only';

describe('an engine with an encryption key', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'deploy-code-keys-')), 'keys');
  let engine: TestEngine;
  let workflowId: string;
  let failedId: string;
  const host = new MemoryHost();
  const stack = memoryStack({ app: { image: `${hidden}:1`, environment: { GREETING: hidden } } });
  beforeAll(async () => {
    writeFileSync(file, newKey('test'));
    process.env.DEPLOY_CODE_ENCRYPTION_KEY_FILE = file;
    engine = await startEngine('encryption', { runtimes: { memory: createMemoryRuntime(host) } });
    const handle = await engine.client.deploy(stack, { reason: hidden });
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', reason: hidden });
    workflowId = handle.id;
    host.faults = [{ operation: 'start', service: 'app', kind: 'software', message: hidden, times: 1 }];
    const failing = await engine.client.deploy({ ...memoryStack({ app: { image: 'app:2' } }), name: stack.name });
    expect(await failing.result()).toMatchObject({ outcome: 'rolled_back', cause: { message: hidden } });
    failedId = failing.id;
  });
  afterAll(async () => {
    delete process.env.DEPLOY_CODE_ENCRYPTION_KEY_FILE;
    await engine.close();
  });

  const historyOf = async (id: string) => {
    const connection = await Connection.connect({ address: address() });
    const { history } = await connection.workflowService.getWorkflowExecutionHistory({
      namespace: 'encryption',
      execution: { workflowId: id },
    });
    await connection.close();
    return history!.events!;
  };

  const isReadableIn = async (id: string) => {
    const events = await historyOf(id);
    expect(events.length).toBeGreaterThan(2);
    const bytes = Buffer.from(
      JSON.stringify(events, (_, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
      ),
    );
    return bytes.includes(hidden);
  };

  it('leaves nothing readable of what it deploys in any history', async () => {
    for (const id of [workflowId, failedId, `environment/${stack.name}/test`, `release/${stack.name}/test/1`])
      expect(await isReadableIn(id)).toBe(false);
  });

  it('leaves nothing readable of a login at a registry, not even the user', async () => {
    const { registries } = engine.client;
    await registries.login('ghcr.io', { user: hidden, password: 'planted-4761' }, { verify: false });
    expect(await registries.list()).toMatchObject([{ registry: 'ghcr.io', user: hidden }]);
    expect(await registries.logout('ghcr.io')).toBe('ghcr.io');
    expect(await registries.list()).toEqual([]);
    expect(await isReadableIn('registries')).toBe(false);
  });

  it('lets those read who may: the codec server decodes what the Temporal UI shows it', async () => {
    const server = await serveCodec({
      port: 0,
      host: '127.0.0.1',
      origin: 'http://ui.example.com',
      token: 'may-read',
      codec: payloadCodec(keysOf(process.env), { acceptPlain: true }),
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const [started] = await historyOf(workflowId);
    const payloads = started!.workflowExecutionStartedEventAttributes!.input!.payloads!.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata!).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
      ),
      data: Buffer.from(data!).toString('base64'),
    }));
    const ask = (token: string, body = JSON.stringify({ payloads })) =>
      fetch(`${url}/decode`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body,
      });
    try {
      const answer = await ask('may-read');
      expect(answer.headers.get('access-control-allow-origin')).toBe('http://ui.example.com');
      const decoded = (await answer.json()) as { payloads: { data: string }[] };
      expect(Buffer.from(decoded.payloads[0]!.data, 'base64').toString()).toContain(hidden);
      expect((await ask('may-not')).status).toBe(401);
      expect((await ask('may-read', 'no json')).status).toBe(400);
      expect((await fetch(`${url}/decode`, { method: 'OPTIONS' })).status).toBe(204);
      expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
    } finally {
      server.close();
    }
  });

  describe('refuses what somebody without the key sends', () => {
    const place = { stack: stack.name, environment: 'test' };
    let connection: Connection;
    let raw: Client;
    beforeAll(async () => {
      connection = await Connection.connect({ address: address() });
      raw = new Client({ connection, namespace: 'encryption' });
    });
    afterAll(() => connection.close());

    /** Works as ever, and is not frozen. */
    const goesOn = async () => {
      expect((await engine.client.environment(place))?.freeze).toBeUndefined();
      expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'unchanged' });
    };

    it('a deployment that was recorded is not done once more under another id', async () => {
      const [started] = await historyOf(workflowId);
      const { input, workflowType } = started!.workflowExecutionStartedEventAttributes!;
      const copy = `deployment/${stack.name}/test/copy`;
      await connection.workflowService.startWorkflowExecution({
        namespace: 'encryption',
        workflowId: copy,
        workflowType,
        taskQueue: { name: 'deploy-code' },
        input,
        requestId: copy,
      });
      await expect(raw.workflow.getHandle(copy).result()).rejects.toMatchObject({ name: 'WorkflowFailedError' });
    });

    it('a freeze of another environment freezes nothing, and neither does a plain one', async () => {
      await engine.client.freeze({ stack: stack.name, environment: 'other' }, { reason: 'holidays' });
      const events = await historyOf(`environment/${stack.name}/other`);
      const freeze = events
        .map(({ workflowExecutionSignaledEventAttributes: signal }) => signal)
        .find((signal) => signal?.signalName === 'freeze')!;
      const workflowExecution = { workflowId: `environment/${stack.name}/test` };
      await connection.workflowService.signalWorkflowExecution({
        namespace: 'encryption',
        workflowExecution,
        signalName: 'freeze',
        input: freeze.input,
      });
      await raw.workflow
        .getHandle(workflowExecution.workflowId)
        .signal('freeze', { by: 'mallory', from: 'x', at: Date.now(), refuse: true });
      const zipped = {
        metadata: { encoding: Buffer.from('binary/gzip'), 'deploy-code-encoding': Buffer.from('json/plain') },
        data: gzipSync(Buffer.alloc(64 * 1024 * 1024)),
      };
      await connection.workflowService.signalWorkflowExecution({
        namespace: 'encryption',
        workflowExecution,
        signalName: 'freeze',
        input: { payloads: [zipped] },
      });
      await goesOn();
    });

    it('and goes on with another worker, which reads its history once more', async () => {
      const workflowId = `environment/${stack.name}/test`;
      const sealed = {
        metadata: { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('nobodys') },
        data: Buffer.alloc(40),
      };
      await connection.workflowService.signalWorkflowExecution({
        namespace: 'encryption',
        workflowExecution: { workflowId },
        signalName: 'freeze',
        input: { payloads: [sealed] },
      });
      await goesOn();
      await engine.close();
      engine = await startEngine('encryption', { runtimes: { memory: createMemoryRuntime(host) } });
      await goesOn();
    });
  });

  it('tells a client without the key what is missing', async () => {
    delete process.env.DEPLOY_CODE_ENCRYPTION_KEY_FILE;
    const client = await DeployCodeClient.connect({ address: address(), namespace: 'encryption' });
    process.env.DEPLOY_CODE_ENCRYPTION_KEY_FILE = file;
    await expect(client.environment({ stack: stack.name, environment: 'test' })).rejects.toThrow(
      /encrypted with the key "test", but DEPLOY_CODE_ENCRYPTION_KEY_FILE has no such key; add it/,
    );
    await client.close();
  });
});
