import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { follow } from '../../src/activities/audit/chain';
import type { Stack } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { address, startEngine, type TestEngine } from '../support/engine';
import { memoryStack } from '../support/memory-stack';
import { until } from '../support/until';

describe('the audit trail of an environment', () => {
  const host = new MemoryHost();
  host.exits['broken:1'] = 1;
  let engine: TestEngine;
  beforeAll(
    async () => void (engine = await startEngine('audit', { runtimes: { memory: createMemoryRuntime(host) } })),
  );
  afterAll(() => engine.close());

  const stackOf = (image: string, name?: string, more: object = {}): Stack => ({
    ...memoryStack({ api: { image } }, { watch: { enabled: false }, ...more }),
    ...(name && { name }),
  });
  const known = async ({ name }: Stack, sequence: number) => {
    await until(
      async () => (await engine.client.environment({ stack: name, environment: 'test' }))?.audit?.sequence === sequence,
    );
  };

  it('has every request: who, from where, what, why, and what came of it', async () => {
    const stack = stackOf('api:1');
    const place = { stack: stack.name, environment: 'test' };
    await (await engine.client.deploy(stack, { requestedBy: 'ana', reason: 'SHOP-1' })).result();
    await (await engine.client.deploy(stackOf('broken:1', stack.name), { requestedBy: 'ben' })).result();
    await engine.client.freeze(place, { refuse: true, reason: 'holidays', by: 'ana' });
    await known(stack, 3);
    expect(
      await (await engine.client.deploy(stackOf('api:2', stack.name), { requestedBy: 'ben' })).result(),
    ).toMatchObject({ outcome: 'refused' });
    await (await engine.client.restart(place, ['api'], { requestedBy: 'ben', force: true })).result();
    await known(stack, 5);
    const { records, broken, total } = await engine.client.audit(stack);
    expect({ broken, total }).toEqual({ broken: undefined, total: 5 });
    expect(records.map(({ by, what, why, result, deployment }) => ({ by, what, why, result, deployment }))).toEqual([
      { by: 'ana', what: 'deploy', why: 'SHOP-1', result: 'succeeded; release 1 runs', deployment: 1 },
      {
        by: 'ben',
        what: 'deploy',
        why: undefined,
        result: 'rolled back; release 1 runs; api-1 exited 1',
        deployment: 2,
      },
      { by: 'ana', what: 'freeze', why: 'holidays', result: 'done', deployment: undefined },
      {
        by: 'ben',
        what: 'deploy',
        why: undefined,
        result: expect.stringMatching(/^refused; frozen by ana: holidays/),
        deployment: undefined,
      },
      {
        by: 'ben',
        what: 'restart api release 1 --force',
        why: undefined,
        result: expect.stringMatching(/^succeeded; release 1 runs; past: frozen by ana: holidays/),
        deployment: 3,
      },
    ]);
    expect(records[0]).toMatchObject({ from: hostname() });
  });

  it('lies with the worker whatever the file says, with a copy on request, and shows tampering', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deploy-code-trail-'));
    const stack = stackOf('api:1', undefined, {
      infrastructure: { container_runtime: 'Memory', storage: { data_dir: folder } },
    });
    const [file, copy] = [engine.dataDir, folder].map((each) => join(each, 'audit', stack.name, 'test.jsonl'));
    await (await engine.client.deploy(stack, { requestedBy: 'ana' })).result();
    await (
      await engine.client.deploy(
        { ...stackOf('api:2', stack.name), infrastructure: stack.infrastructure },
        { requestedBy: 'ben' },
      )
    ).result();
    const spec = {
      name: 'nightly',
      cron: ['@daily'],
      timeZone: 'UTC',
      jitterMs: 0,
      overlap: 'skip',
      catchupMs: 60_000,
      what: { kind: 'deploy' },
    } as const;
    await engine.client.schedules.create({ stack: stack.name, environment: 'test' }, { ...spec, cron: [...spec.cron] });
    await known(stack, 3);
    const text = readFileSync(file!, 'utf8');
    expect(readFileSync(copy!, 'utf8')).toBe(text);
    rmSync(copy!);
    expect(await engine.client.audit(stack)).toMatchObject({
      total: 3,
      proof: [expect.stringMatching(/^proved by the key of this worker \(\w{16}\): 1 to 3$/)],
    });
    writeFileSync(file!, text.replace('"by":"ana"', '"by":"eve"'));
    expect((await engine.client.audit(stack)).broken).toBe('record 1 or the one before it was changed');
    writeFileSync(file!, `${text.split('\n')[0]}\n`);
    expect((await engine.client.audit(stack)).broken).toBe(
      'the trail has 1 record, but the environment remembers 3: the last ones are missing',
    );
    writeFileSync(file!, text);
    expect((await engine.client.audit(stack)).broken).toBeUndefined();
  });

  it('goes on where its file had it before, which proves nothing of itself', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deploy-code-trail-'));
    const stack = stackOf('api:1', undefined, {
      infrastructure: { container_runtime: 'Memory', storage: { data_dir: folder } },
    });
    const {
      key: _key,
      mac: _mac,
      ...old
    } = follow(undefined, { id: 'e1', at: 1, by: 'ana', what: 'deploy', result: 'succeeded' }, () => ({
      key: '',
      mac: '',
    }));
    mkdirSync(join(folder, 'audit', stack.name), { recursive: true });
    writeFileSync(join(folder, 'audit', stack.name, 'test.jsonl'), `${JSON.stringify(old)}\n`);
    await (await engine.client.deploy(stack)).result();
    await known(stack, 2);
    expect(await engine.client.audit(stack)).toMatchObject({
      total: 2,
      proof: [expect.stringMatching(/: 2$/), 'not proved, as they have no MAC: 1'],
    });
  });

  it('that cannot be written lets nothing begin, unless the operator says so; a failed copy is no matter', async () => {
    const elsewhere = join(mkdtempSync(join(tmpdir(), 'deploy-code-trail-')), 'file');
    writeFileSync(elsewhere, '');
    const copied = stackOf('api:1', undefined, {
      infrastructure: { container_runtime: 'Memory', storage: { data_dir: elsewhere } },
    });
    expect(await (await engine.client.deploy(copied)).result()).toMatchObject({ outcome: 'succeeded' });
    const stack = stackOf('api:1');
    mkdirSync(join(engine.dataDir, 'audit'), { recursive: true });
    writeFileSync(join(engine.dataDir, 'audit', stack.name), '');
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject({
      outcome: 'refused',
      cause: {
        message: expect.stringMatching(
          /^the audit trail cannot be written: .*; repair it, or start the worker with --audit-best-effort/,
        ),
      },
    });
    await expect(engine.client.removeVolume(stack, `${stack.name}-test_data`)).rejects.toMatchObject({
      cause: { cause: { message: expect.stringContaining('the audit trail cannot be written') } },
    });
  });

  it('has everything that acts: commands, thaws, resumed watches, removed volumes, schedules', async () => {
    const stack = stackOf('api:1', undefined, { watch: {} });
    const place = { stack: stack.name, environment: 'test' };
    await (await engine.client.deploy(stack, { requestedBy: 'ana' })).result();
    await known(stack, 1);
    await engine.client.exec(stack, `${stack.name}-test-api-1-d1`, ['echo', 'hello\nworld'], { by: 'ben' });
    await engine.client.removeVolume(stack, `${stack.name}-test_data`, 'ben');
    await engine.client.schedules.create(place, {
      name: 'nightly',
      what: { kind: 'deploy' },
      times: { every: 86_400_000 },
      overlap: 'skip',
      catchupMs: 60_000,
    } as never);
    await engine.client.freeze(place, { by: 'ana' });
    await engine.client.thaw(place, 'ben');
    await engine.client.pauseWatch(place, { by: 'ana' });
    await engine.client.resumeWatch(place, 'ben');
    await known(stack, 8);
    const { records, broken } = await engine.client.audit(stack);
    expect(broken).toBeUndefined();
    expect(records.slice(1).map(({ by, what }) => `${by}: ${what}`)).toEqual([
      `ben: exec ${stack.name}-test-api-1-d1: echo hello world`,
      `ben: volume rm ${stack.name}-test_data`,
      `${userInfo().username}: schedule create nightly`,
      'ana: freeze',
      'ben: thaw',
      'ana: watch pause',
      'ben: watch resume',
    ]);
    expect(records.slice(1, 4).every(({ from }) => from === hostname())).toBe(true);
  });

  it('has a deployment that was terminated, once somebody waits for its environment', async () => {
    const stack = { ...stackOf('held:1'), services: memoryStack({ job: { image: 'held:1', kind: 'job' } }).services };
    host.held.add('held:1');
    const handle = await engine.client.deploy(stack, { requestedBy: 'ana' });
    const job = `${stack.name}-test-job-1-d1`;
    await until(() => host.instances.get(job)?.status.state === 'running');
    const connection = await Connection.connect({ address: address() });
    await new Client({ connection, namespace: 'audit' }).workflow.getHandle(handle.id).terminate();
    host.held.clear();
    host.exit(job, 0);
    await (await engine.client.deploy(stackOf('api:1', stack.name))).result();
    await known(stack, 2);
    const { records } = await engine.client.audit(stack);
    expect(records.map(({ by, result, deployment }) => `${deployment} by ${by}: ${result}`)).toEqual(
      expect.arrayContaining(['1 by ana: ended without a result: it was terminated or timed out']),
    );
    await connection.close();
  });
});
