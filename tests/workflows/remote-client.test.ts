import { DeployCodeClient, type Stack } from '../../src/client';
import { placeOf } from '../../src/client/place';
import type { RemoteClient } from '../../src/client/remote';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { serveApi, type ApiServer } from '../support/api-server';
import { startEngine, type TestEngine } from '../support/engine';
import { memoryStack, shop } from '../support/memory-stack';

describe('a client through a server', () => {
  const host = new MemoryHost();
  const failures: Error[] = [];
  let engine: TestEngine;
  let server: ApiServer;
  let remote: DeployCodeClient;
  const clientOf = async (subject: string): Promise<DeployCodeClient> =>
    DeployCodeClient.connect({ server: server.url, token: (await engine.client.access.createToken(subject)).token });
  beforeAll(async () => {
    engine = await startEngine('remote-client', { runtimes: { memory: createMemoryRuntime(host) } });
    await engine.client.access.grant({ subject: 'user:ana', role: 'admin', scope: '*' });
    server = await serveApi(engine.client, (error) => failures.push(error));
    remote = await clientOf('user:ana');
  });
  afterAll(async () => {
    await server.close();
    await engine.close();
    expect(failures).toEqual([]);
  });
  const deployed = async (stack: Stack): Promise<Stack> => {
    expect(await (await remote.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    return stack;
  };

  it('deploys, follows and answers as one does that talks to Temporal', async () => {
    const stack = shop();
    const place = placeOf(stack);
    expect(await remote.environment(place)).toBeUndefined();
    expect(await remote.status(stack)).toEqual({ found: [], away: [] });
    const planned = await remote.plan(await remote.seal(stack));
    expect(planned).toEqual(await engine.client.plan(stack));

    const handle = await remote.deploy(stack, { reason: 'the first' });
    const codes: string[] = [];
    let plan: unknown;
    for await (const page of handle.watch()) {
      codes.push(...page.events.map(({ code }) => code));
      plan = page.plan ?? plan;
    }
    const direct = engine.client.handle(handle.id);
    expect(codes).toEqual((await direct.progress()).events.map(({ code }) => code));
    expect(plan).toEqual((await direct.progress()).plan);
    expect(await handle.result()).toEqual(await direct.result());
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', requestedBy: 'user:ana', reason: 'the first' });

    await (await remote.deploy(shop({ web: 'web:2' }, {}, stack.name))).result();
    const reads: ((client: DeployCodeClient) => Promise<unknown>)[] = [
      (client) => client.environments(),
      (client) => client.status(stack),
      (client) => client.history(place),
      (client) => client.hosts(stack),
      (client) => client.volumes(stack),
      (client) => client.engines(stack),
      (client) => client.loadBalancer(place),
      (client) => client.releaseSummary(place, 1),
      (client) => client.previousRelease(place),
      (client) => client.jobsSince(place, 1),
      (client) => client.audit(stack),
      (client) => client.schedules.list(place),
      (client) => client.secrets.list(place),
      (client) => client.registries.list(),
      (client) => client.builds.list(),
      (client) => client.access.bindings(),
      (client) => client.deployment(place, 2).then(({ id }) => id),
    ];
    for (const read of reads)
      expect([read.toString(), await read(remote)]).toEqual([read.toString(), await read(engine.client)]);
    const { watch: _, ...state } = (await remote.environment(place))!;
    expect(await engine.client.environment(place)).toMatchObject(state);
  });

  it('rolls back, restarts, runs jobs, repairs, redeploys and stops', async () => {
    const stack = await deployed(shop());
    await deployed(shop({ web: 'web:2' }, {}, stack.name));
    const place = placeOf(stack);
    const results = [
      await remote.rollback(place, { reason: 'too slow' }),
      await remote.restart(place, ['web']),
      await remote.runJob(place, 'migrate'),
      await remote.repair(place),
      await remote.redeploy(place),
      await remote.stop(stack),
    ].map((handle) => handle.result());
    expect((await Promise.all(results)).map(({ intent, outcome }) => [intent, outcome])).toEqual([
      ['rollback', 'succeeded'],
      ['restart', 'succeeded'],
      ['run', 'succeeded'],
      ['repair', 'unchanged'],
      ['deploy', 'unchanged'],
      ['stop', 'succeeded'],
    ]);
  });

  it('is the same deployment for a repeated request', async () => {
    const stack = await deployed(shop());
    const place = placeOf(stack);
    const [one, other] = [
      await remote.redeploy(place, { requestId: 'pipeline-4711' }),
      await remote.redeploy(place, { requestId: 'pipeline-4711' }),
    ];
    expect(other.id).toBe(one.id);
    await expect(remote.repair(place, { requestId: 'pipeline-4711' })).rejects.toThrow(/another request has used/);
  });

  it('freezes, pauses, schedules and keeps secrets, whose values it seals itself', async () => {
    const stack = await deployed(shop());
    const place = placeOf(stack);
    expect(await remote.freeze(place, { reason: 'fair' })).toMatchObject({ by: 'user:ana', reason: 'fair' });
    await remote.thaw(place);
    await expect(remote.thaw(place)).rejects.toThrow('is not frozen');
    await remote.pauseWatch(place, { until: new Date(Date.now() + 3_600_000) });
    expect((await engine.client.environment(place))?.watchPause).toMatchObject({ by: 'user:ana' });
    await remote.resumeWatch(place);

    await remote.schedules.create(place, {
      name: 'nightly',
      cron: ['0 0 1 1 *'],
      timeZone: 'Europe/Berlin',
      jitterMs: 0,
      overlap: 'skip',
      catchupMs: 60_000,
      what: { kind: 'restart', services: ['web'] },
    });
    await remote.schedules.pause(place, 'nightly', 'quiet');
    expect(await remote.schedules.describe(place, 'nightly')).toMatchObject({ note: 'by user:ana: quiet' });
    expect(await remote.schedules.describe(place, 'nightly')).toEqual(
      await engine.client.schedules.describe(place, 'nightly'),
    );
    await remote.schedules.resume(place, 'nightly');
    await remote.schedules.delete(place, 'nightly');

    await remote.secrets.set(place, 'TOKEN', 'planted-2206');
    expect(await remote.secrets.names(place)).toEqual(['TOKEN']);
    expect(await remote.secrets.keys(place)).toEqual(await engine.client.secrets.keys(place));
    await remote.secrets.remove(place, 'TOKEN');
  });

  it('deploys a stack with stored secrets, of which it knows the names only', async () => {
    const of = (name?: string) => {
      const stack = memoryStack(
        { web: { image: 'web:1', secrets: ['password'] } },
        { secrets: { password: { stored: 'PASSWORD' } } },
      );
      return name === undefined ? stack : { ...stack, name };
    };
    const first = await deployed(memoryStack({ web: { image: 'web:1' } }));
    const stack = of(first.name);
    await expect(remote.seal(stack).then((sealed) => remote.plan(sealed))).rejects.toThrow(
      /not stored for .*: PASSWORD/,
    );
    await remote.secrets.set(placeOf(stack), 'PASSWORD', 'planted-7733');
    await deployed(await remote.seal(stack));
    expect((await engine.client.environment(placeOf(stack)))?.current).toMatchObject({ release: 2 });
  });

  it('steers, amends and cancels', async () => {
    const broken = memoryStack({ web: { image: 'web:broken' } }, { deployment: { on_failure: 'wait' } });
    host.exits = { 'web:broken': 1 };
    const handle = await remote.deploy(broken);
    const waits = async () => {
      for await (const { failure } of handle.watch()) if (failure) return failure;
      return undefined;
    };
    expect(await waits()).toMatchObject({ cause: { service: 'web' } });
    host.exits = {};
    const { web } = broken.services;
    await handle.amend({ services: [{ ...web!, image: 'web:2' }], by: '' });
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    await expect(handle.steer({ action: 'retry', by: '' })).rejects.toThrow('the deployment has ended');
    expect(await remote.cancel(broken, handle.id, '')).toEqual({ ending: 'over' });
  });

  it('answers the question that a deployment asks, and no other', async () => {
    const refuse = { migrate: { on_rollback: 'refuse' } };
    const stack = await deployed(shop({}, refuse));
    host.exits = { 'web:2': 1 };
    const handle = await remote.deploy(shop({ migrate: 'migrate:2', api: 'api:2', web: 'web:2' }, refuse, stack.name));
    let asked: string | undefined;
    for await (const { question } of handle.watch()) if ((asked = question?.id) !== undefined) break;
    await expect(handle.answer('another', 'leave as is', '')).rejects.toThrow('does not ask the question another');
    await expect(handle.answer(asked!, 'perhaps', '')).rejects.toThrow('answer roll back, or leave as is');
    await handle.answer(asked!, 'leave as is', '');
    expect(await handle.result()).toMatchObject({ outcome: 'left_as_is' });
    host.exits = {};
  });

  it('runs commands with input, whose bytes the server cannot read', async () => {
    const stack = await deployed(memoryStack({ web: { image: 'web:1' } }));
    const [line] = (await remote.status(stack)).found;
    const seen = { stdout: '', stderr: '' };
    async function* input(): AsyncGenerator<Buffer> {
      yield Buffer.from('planted-1177');
    }
    const session = await remote.openCommand(stack, line!.name, ['cat'], {
      input: input(),
      onOutput: (stream, bytes) => (seen[stream] += bytes.toString()),
    });
    expect(await session.exitCode()).toBe(0);
    expect(seen).toEqual({ stdout: 'planted-1177', stderr: 'echo in web\n' });
    expect(await remote.exec(stack, line!.name, ['true'])).toEqual({ exitCode: 0, output: '' });
  });

  it('says what one may not do, and what the server does not know', async () => {
    const stack = await deployed(shop());
    await engine.client.access.grant({ subject: 'user:vi', role: 'viewer', scope: stack.name });
    const viewer = await clientOf('user:vi');
    expect(await viewer.status(stack)).toEqual(await remote.status(stack));
    await expect(viewer.stop(stack)).rejects.toThrow(/does not allow this: .*operator/);
    const stranger = (await DeployCodeClient.connect({ server: server.url, token: 'dct_x' })) as RemoteClient;
    await expect(stranger.whoami()).rejects.toThrow(/does not know you.*deploy-code login/);
  });
});
