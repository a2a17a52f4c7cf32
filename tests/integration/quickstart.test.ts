import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadStack } from '../../src/config';
import { startEngine, type TestEngine } from '../support/engine';
import { until } from '../support/until';

describe("the quickstart's stack", () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'deploy-code-quickstart-'));
  let engine: TestEngine;
  const stack = (variables = {}) =>
    loadStack({ file: 'configs/quickstart.yaml', environment: 'test', variables, shell: {} }).stack;
  beforeAll(async () => void (engine = await startEngine('processes', { dataDir })));
  afterAll(async () => {
    await (await engine.client.stop(stack())).result();
    await engine.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const shop = async (path = '/', init?: RequestInit) =>
    (await fetch(`http://127.0.0.1:18080${path}`, init)).json() as Promise<Record<string, unknown>>;

  it('comes up in four phases, as services that really call each other', async () => {
    const { plan } = await engine.client.plan(stack());
    expect(plan.phases.map(({ services }) => services.length)).toEqual([2, 2, 2, 1]);
    expect(await (await engine.client.deploy(stack())).result()).toMatchObject({ outcome: 'succeeded' });
    await shop('/orders', { method: 'POST', body: JSON.stringify({ item: 'coffee' }) });
    expect(await shop()).toMatchObject({
      items: [{ name: 'coffee' }, { name: 'tea' }],
      orders: [{ id: 1, item: 'coffee' }],
    });
    await until(async () => ((await shop()).mails as unknown[]).length > 0);
  });

  it('says that nothing changed when it is deployed again', async () => {
    expect(await (await engine.client.deploy(stack())).result()).toMatchObject({ outcome: 'unchanged' });
  });

  it('is put back when its broken version is deployed, and goes on working', async () => {
    const result = await (await engine.client.deploy(stack({ ORDERS: 'broken' }))).result();
    expect(result).toMatchObject({
      outcome: 'rolled_back',
      cause: {
        service: 'orders',
        message: 'orders-1 exited 1',
        evidence: { logs: [expect.stringContaining('broken on purpose')] },
      },
    });
    expect(await shop()).toMatchObject({ orders: [{ id: 1 }] });
  });

  it('stops, and leaves nothing', async () => {
    expect(await (await engine.client.stop(stack())).result()).toMatchObject({ outcome: 'succeeded' });
    expect((await engine.client.status(stack())).found).toEqual([]);
    await expect(shop()).rejects.toThrow();
  });
});
