import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { startEngine, type TestEngine } from '../support/engine';
import { memoryStack } from '../support/memory-stack';

describe('the audit trail of an environment', () => {
  const host = new MemoryHost();
  host.exits['broken:1'] = 1;
  let engine: TestEngine;
  beforeAll(async () => void (engine = await startEngine('audit', { runtimes: { memory: createMemoryRuntime(host) } })));
  afterAll(() => engine.close());

  const stackOf = (image: string, name?: string, more: object = {}): Stack => ({ ...memoryStack({ api: { image } }, { watch: { enabled: false }, ...more }), ...(name && { name }) });
  const known = async ({ name }: Stack, sequence: number) => {
    while ((await engine.client.environment({ stack: name, environment: 'test' }))?.audit?.sequence !== sequence) await sleep(20);
  };

  it('has every request: who, from where, what, why, and what came of it', async () => {
    const stack = stackOf('api:1');
    const place = { stack: stack.name, environment: 'test' };
    await (await engine.client.deploy(stack, { requestedBy: 'ana', reason: 'SHOP-1' })).result();
    await (await engine.client.deploy(stackOf('broken:1', stack.name), { requestedBy: 'ben' })).result();
    await engine.client.freeze(place, { refuse: true, reason: 'holidays', by: 'ana' });
    await known(stack, 3);
    expect(await (await engine.client.deploy(stackOf('api:2', stack.name), { requestedBy: 'ben' })).result()).toMatchObject({ outcome: 'refused' });
    await (await engine.client.restart(place, ['api'], { requestedBy: 'ben', force: true })).result();
    await known(stack, 5);
    const { records, broken, total } = await engine.client.audit(stack);
    expect({ broken, total }).toEqual({ broken: undefined, total: 5 });
    expect(records.map(({ by, what, why, result, deployment }) => ({ by, what, why, result, deployment }))).toEqual([
      { by: 'ana', what: 'deploy', why: 'SHOP-1', result: 'succeeded; release 1 runs', deployment: 1 },
      { by: 'ben', what: 'deploy', why: undefined, result: 'rolled back; release 1 runs; api-1 exited 1', deployment: 2 },
      { by: 'ana', what: 'freeze', why: 'holidays', result: 'done', deployment: undefined },
      { by: 'ben', what: 'deploy', why: undefined, result: expect.stringMatching(/^refused; frozen by ana: holidays/), deployment: undefined },
      { by: 'ben', what: 'restart api release 1 --force', why: undefined, result: expect.stringMatching(/^succeeded; release 1 runs; past: frozen by ana: holidays/), deployment: 3 },
    ]);
    expect(records[0]).toMatchObject({ from: hostname() });
  });

  it('lies in the folder that the file names, and shows what was done to it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deploy-code-trail-'));
    const stack = stackOf('api:1', undefined, { infrastructure: { container_runtime: 'Memory', storage: { data_dir: folder } } });
    const file = join(folder, 'audit', stack.name, 'test.jsonl');
    await (await engine.client.deploy(stack, { requestedBy: 'ana' })).result();
    await (await engine.client.deploy({ ...stackOf('api:2', stack.name), infrastructure: stack.infrastructure }, { requestedBy: 'ben' })).result();
    await known(stack, 2);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"by":"ana"', '"by":"eve"'));
    expect((await engine.client.audit(stack)).broken).toBe('record 1 was changed, or the one before it');
    writeFileSync(file, `${text.split('\n')[0]}\n`);
    expect((await engine.client.audit(stack)).broken).toBe('there are 1 records, and the environment remembers 2: the last ones are missing');
    writeFileSync(file, text);
    expect((await engine.client.audit(stack)).broken).toBeUndefined();
  });

  it('that cannot be written holds no deployment up for long, nor fails it', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'deploy-code-trail-')), 'file');
    writeFileSync(folder, '');
    const stack = stackOf('api:1', undefined, { infrastructure: { container_runtime: 'Memory', storage: { data_dir: folder } } });
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    await expect(engine.client.audit(stack)).rejects.toThrow();
  });
});
