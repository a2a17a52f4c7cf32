import { generateKeyPairSync } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { actingFor, DeployCodeClient, DirectClient, type Stack } from '../../src/client';
import { digestOfLink } from '../../src/guard/access/one-time-secrets';
import { keyIdOf, statementSigner } from '../../src/guard/access/statement';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { connect, connectionSettings } from '../../src/temporal/connection';
import {
  cancelSignal,
  environmentId,
  freezeSignal,
  grantUpdate,
  releaseId,
  storeSecretSignal,
  taskQueue,
  accessId,
  usersId,
} from '../../src/workflows/messages';
import type { Role } from '../../src/model/access';
import { serveApi } from '../support/api-server';
import { address, startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { memoryStack } from '../support/memory-stack';
import { until } from '../support/until';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signer = statementSigner(privateKey);
const onlyThroughServer = 'takes requests only through its server; use --server or `deploy-code login`';

/** `engine.client` reaches Temporal and nothing else; `server` also has the key of a server. */
describe('an environment that takes requests of its server only', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  let server: DirectClient;
  let temporal: Client;
  beforeAll(async () => {
    engine = await startEngine('statements', {
      runtimes: { memory: createMemoryRuntime(host) },
      statementKeys: new Map([[keyIdOf(publicKey), publicKey]]),
    });
    const settings = { address: address(), namespace: 'statements' };
    server = await DirectClient.connect({ ...settings, signer });
    temporal = await connect(connectionSettings(settings));
  });
  afterAll(async () => {
    await Promise.all([server.close(), temporal.connection.close()]);
    await engine.close();
  });
  afterEach(() => host.held.clear());

  const place = ({ name }: Stack) => ({ stack: name, environment: 'test' });
  const app = (more: object = {}) => ({
    ...memoryStack({ app: { image: 'app:1', health_check: { command: ['check'], interval: '100ms', retries: 1 } } }),
    security: { auth: true as const },
    ...more,
  });
  const open = (stack: Stack): Stack => {
    const { security: _, ...rest } = stack;
    return rest;
  };
  const asAlice = <T>(work: () => T) => actingFor({ by: 'user:alice', from: 'the test', roleOn: () => 'admin' }, work);
  const deployed = async (stack: Stack) => {
    const { outcome, refusals } = await (await asAlice(() => server.deploy(stack))).result();
    expect({ outcome, refusals }).toEqual({ outcome: 'succeeded', refusals: [] });
    return stack;
  };
  const refused = { outcome: 'refused', refusals: [{ message: expect.stringContaining(onlyThroughServer) }] };

  it('takes what the server asks for, and nothing from whoever reaches Temporal alone', async () => {
    const stack = app();
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject(refused);
    expect(await engine.client.environment(place(stack))).toBeUndefined();
    await deployed(stack);
    const { client } = engine;
    const attempts = [
      client.deploy({ ...stack, services: { app: { ...stack.services.app!, image: 'evil:1' } } }),
      client.deploy({ ...open(stack), services: { app: { ...stack.services.app!, image: 'evil:1' } } }),
      client.redeploy(place(stack)),
      client.restart(place(stack), ['app']),
      client.repair(place(stack)),
      client.rollback(place(stack), { to: 1 }),
      client.stop(stack),
    ];
    for (const attempt of attempts) expect(await (await attempt).result()).toMatchObject(refused);
    expect(host.get(`${stack.name}-test-app-1-d1`)).toMatchObject({ spec: { image: 'app:1' } });
    expect([...host.instances.values()].map(({ spec }) => spec.image)).not.toContain('evil:1');
  });

  it('is not opened by a statement for something else, nor by the statement of another deployment', async () => {
    const stack = await deployed(app());
    const begun = await temporal.workflow.getHandle((await asAlice(() => server.repair(place(stack)))).id).describe();
    const { history } = await temporal.workflowService.getWorkflowExecutionHistory({
      namespace: 'statements',
      execution: { workflowId: begun.workflowId, runId: begun.runId },
    });
    const stolen = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.header?.fields ?? {};
    expect(Object.keys(stolen)).toEqual(['deploy-code-statement']);
    const thief = await connect(connectionSettings({ address: address(), namespace: 'statements' }), [
      { startWithDetails: (input, next) => next({ ...input, headers: stolen }) },
    ]);
    const evil = { ...stack, services: { app: { ...stack.services.app!, image: 'evil:1' } } };
    expect(await (await DirectClient.over(thief).deploy(evil)).result()).toMatchObject({
      outcome: 'refused',
      refusals: [{ path: 'security.auth', message: expect.stringContaining('for another request') }],
    });
    await thief.connection.close();
  });

  it('is steered, and cancelled, by its server only', async () => {
    host.held.add('held:1');
    const stack = { ...memoryStack({ job: { image: 'held:1', kind: 'job' } }), security: { auth: true as const } };
    const handle = await asAlice(() => server.deploy(stack));
    await until(() => host.instances.get(`${stack.name}-test-job-1-d1`)?.status.state === 'running');
    const mine = engine.client.handle(handle.id);
    await expect(mine.steer({ action: 'pause', by: 'mallory' })).rejects.toThrow(onlyThroughServer);
    await mine.cancel('mallory', { killJobs: true });
    await temporal.workflow.getHandle(handle.id).signal(cancelSignal, undefined);
    await temporal.workflow.getHandle(handle.id).cancel();
    const said = (text: string) => async () => {
      const { events } = await mine.progress();
      expect(JSON.stringify(events)).toContain(text);
    };
    await eventually(said('cancelDeployment was ignored'));
    await eventually(said('a cancellation by Temporal itself is ignored'));
    await asAlice(() => server.handle(handle.id).steer({ action: 'pause', by: 'user:alice' }));
    await asAlice(() => server.handle(handle.id).cancel('user:alice', { killJobs: true }));
    expect(await handle.result()).toMatchObject({
      outcome: 'cancelled',
      cause: { message: 'cancelled by user:alice' },
      steering: [{ action: 'pause', by: 'user:alice' }],
    });
  });

  it('takes orders between deployments from its server only', async () => {
    const stack = await deployed(app());
    const where = place(stack);
    await expect(engine.client.freeze(where)).rejects.toThrow(onlyThroughServer);
    const environment = temporal.workflow.getHandle(environmentId(where));
    await environment.signal(freezeSignal, { by: 'mallory', at: 1, refuse: true });
    await environment.signal(storeSecretSignal, { name: 'PASSWORD', sealed: ciphertext, by: 'mallory' });
    await asAlice(() => server.freeze(where, { reason: 'holidays' }));
    expect(await engine.client.environment(where)).toMatchObject({ freeze: { by: 'user:alice', reason: 'holidays' } });
    await expect(engine.client.thaw(where)).rejects.toThrow(onlyThroughServer);
    await asAlice(() => server.thaw(where));
    await asAlice(() => server.secrets.set(where, 'PASSWORD', 'planted-8812'));
    expect(await server.secrets.list(where)).toMatchObject([{ name: 'PASSWORD', by: 'user:alice' }]);
    expect(await asAlice(() => server.secrets.reseal(where))).toEqual([]);
    await expect(engine.client.secrets.remove(where, 'PASSWORD')).rejects.toThrow(onlyThroughServer);
    await asAlice(() => server.secrets.remove(where, 'PASSWORD'));
    await asAlice(() => server.pauseWatch(where));
    await asAlice(() => server.resumeWatch(where));
  });

  it('has commands run and volumes deleted for its server only', async () => {
    const stack = await deployed(app());
    const instance = `${stack.name}-test-app-1-d1`;
    expect(await reasonOf(engine.client.exec(stack, instance, ['true']))).toContain(onlyThroughServer);
    expect(await reasonOf(engine.client.removeVolume(stack, 'data'))).toContain(onlyThroughServer);
    expect(await asAlice(() => server.exec(stack, instance, ['true']))).toMatchObject({ exitCode: 0 });
    expect(await engine.client.status(stack)).toMatchObject({ found: [{ service: 'app' }] });
  });

  it('repairs itself, and deploys by schedules that the server has made', async () => {
    const stack = await deployed(app({ watch: { everyMs: 50, onDrift: 'repair', onUnhealthy: 'restart' } }));
    const where = place(stack);
    const own = () => [...host.instances].filter(([, { spec }]) => spec.stack === stack.name).map(([name]) => name);
    await until(async () => (await engine.client.environment(where))?.watch?.release === 1);
    host.instances.delete(own()[0]!);
    await until(async () => (await engine.client.environment(where))?.recent.length === 2);
    const [repaired = ''] = own();
    host.exit(repaired, 137);
    await until(() => host.get(repaired).status.state === 'running');
    const spec = { ...daily, name: 'nightly' };
    await asAlice(() => server.schedules.create(where, spec));
    await server.schedules.trigger(where, 'nightly');
    await eventually(async () => {
      const { runs } = await server.schedules.describe(where, 'nightly');
      expect(runs).toMatchObject([{ end: { outcome: expect.stringMatching(/succeeded|unchanged/) } }]);
    });
    await engine.client.schedules.create(where, { ...spec, name: 'planted' });
    await engine.client.schedules.trigger(where, 'planted');
    await eventually(async () => {
      const { runs } = await server.schedules.describe(where, 'planted');
      expect(runs).toMatchObject([
        { end: { outcome: 'refused', message: expect.stringContaining(onlyThroughServer) } },
      ]);
    });
    await Promise.all(['nightly', 'planted'].map((name) => server.schedules.delete(where, name)));
  });

  it('lets a newer request of the server supersede an older one', async () => {
    host.held.add('held:1');
    const stack = { ...memoryStack({ job: { image: 'held:1', kind: 'job' } }), security: { auth: true as const } };
    const first = await asAlice(() => server.deploy(stack));
    await until(() => host.instances.get(`${stack.name}-test-job-1-d1`)?.status.state === 'running');
    const quick = { ...stack, services: { job: { ...stack.services.job!, image: 'other:1' } } };
    const second = await asAlice(() => server.deploy(quick, { whenBusy: 'supersede' }));
    await eventually(async () =>
      expect(JSON.stringify((await first.progress()).events)).toContain('cancelled by a newer request of user:alice'),
    );
    host.exit(`${stack.name}-test-job-1-d1`, 0);
    expect(await first.result()).toMatchObject({ outcome: 'cancelled' });
    expect(await second.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('is opened again by a request of the server, and by nobody else', async () => {
    const stack = await deployed(app());
    expect(await (await engine.client.deploy(open(stack))).result()).toMatchObject(refused);
    await deployed(open(stack));
    expect((await engine.client.environment(place(stack)))?.statements).toBe(false);
    expect(await (await engine.client.restart(place(stack), ['app'])).result()).toMatchObject({ outcome: 'succeeded' });
    expect(await engine.client.freeze(place(stack))).toMatchObject({ refuse: false });
  });

  it('takes requests only of the roles that its stack names', async () => {
    const stack = app({ security: { auth: true, roles: ['admin'] } });
    const asOperator = <T>(work: () => T) =>
      actingFor({ by: 'user:bob', from: 'the test', roleOn: () => 'operator' }, work);
    expect(await (await asOperator(() => server.deploy(stack))).result()).toMatchObject({
      outcome: 'refused',
      refusals: [
        { message: expect.stringContaining('only of the roles admin (security.rbac); user:bob has the role') },
      ],
    });
    await deployed(stack);
  });

  it('deploys no release that somebody has put in the place of a kept one', async () => {
    const stack = await deployed(app());
    const where = place(stack);
    const contents = await server.release(where, 1);
    expect(await (await asAlice(() => server.restart(where, ['app']))).result()).toMatchObject({
      outcome: 'succeeded',
    });
    await temporal.workflow.getHandle(releaseId(where, 1)).terminate();
    const services = { app: { ...contents.stack.services.app!, image: 'evil:1' } };
    await temporal.workflow.start('release', {
      workflowId: releaseId(where, 1),
      taskQueue,
      args: [{ ...contents, stack: { ...contents.stack, services } }],
    });
    for (const request of [() => server.restart(where, ['app']), () => server.redeploy(where)])
      expect(await (await asAlice(request)).result()).toMatchObject({
        outcome: 'refused',
        refusals: [{ message: expect.stringContaining('was not kept by a worker with --statement-keys') }],
      });
  });

  it('asks a second person for an approval', async () => {
    const checked = { health_check: { command: ['check'], interval: '100ms' }, expose: { port: 8080, host_port: 80 } };
    const exposed = { ...checked, strategy: { blue_green: { approval: true, keep_old: '0s' } } };
    const security = { auth: true as const, fourEyes: true as const };
    const first = { ...memoryStack({ web: { image: 'web:1', ...exposed } }), security };
    await deployed(first);
    const stack = { ...first, services: { ...first.services, web: { ...first.services.web!, image: 'web:2' } } };
    const handle = await asAlice(() => server.deploy(stack));
    await eventually(async () => expect((await handle.progress()).approvals).toHaveLength(1));
    const approve = (by: string) => () => server.handle(handle.id).steer({ action: 'approve', by });
    await expect(asAlice(approve('user:alice'))).rejects.toThrow(
      'somebody else has to approve it (security.four_eyes)',
    );
    await asAlice(approve('user:bob'));
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('is deployed, steered and read through the server, by whoever has the role that it names', async () => {
    const failures: Error[] = [];
    const api = await serveApi(server, (error) => failures.push(error));
    const stack = app({ security: { auth: true, roles: ['admin'] } });
    const { stack: scope } = place(stack);
    const clientOf = async (subject: string, role: Role) => {
      await asAlice(() => server.access.grant({ subject, role, scope }));
      const { token } = await asAlice(() => server.access.createToken(subject));
      return DeployCodeClient.connect({ server: api.url, token });
    };
    const [admin, operator] = [await clientOf('user:ana', 'admin'), await clientOf('user:ben', 'operator')];
    expect(await (await operator.deploy(stack)).result()).toMatchObject({
      outcome: 'refused',
      refusals: [{ message: expect.stringContaining('user:ben has the role operator there') }],
    });
    expect(await (await admin.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded', requestedBy: 'user:ana' });
    expect(await (await admin.restart(place(stack), ['app'])).result()).toMatchObject({ outcome: 'succeeded' });
    await admin.freeze(place(stack), { reason: 'holidays' });
    await admin.thaw(place(stack));
    const { found } = await admin.status(stack);
    expect(await admin.exec(stack, found[0]!.name, ['true'])).toMatchObject({ exitCode: 0 });
    await expect(operator.freeze(place(stack))).rejects.toThrow('user:ben has the role operator there');
    await api.close();
    expect(failures).toEqual([]);
  });

  it('gives nobody a role or a token but for the server', async () => {
    await expect(engine.client.access.grant({ subject: 'user:mallory', role: 'admin', scope: '*' })).rejects.toThrow(
      `this installation ${onlyThroughServer}`,
    );
    await asAlice(() => server.access.grant({ subject: 'user:bob', role: 'viewer', scope: 'shop' }));
    const grant = { subject: 'user:mallory', role: 'admin', scope: '*', by: 'mallory' } as const;
    const sent = temporal.workflow.getHandle(accessId).executeUpdate(grantUpdate, { args: [grant] });
    expect(await reasonOf(sent)).toContain('takes requests only');
    await expect(engine.client.access.createToken('user:mallory')).rejects.toThrow('takes requests only');
    expect(await server.access.bindings()).toContainEqual(
      expect.objectContaining({ subject: 'user:bob', by: 'user:alice' }),
    );
    expect(JSON.stringify(await server.access.bindings())).not.toContain('mallory');
  });

  it('lets nobody be kept out but by the server', async () => {
    const until = Date.now() + 600_000;
    await engine.client.access.block({ '192.0.2.1': until });
    await server.access.block({ '192.0.2.2': until });
    await eventually(async () => expect((await server.access.state()).blocked).toEqual({ '192.0.2.2': until }));
  });

  it('lets nobody log in but at the server', async () => {
    const { access } = engine.client;
    const key = { id: 'a'.repeat(43), x: 'b'.repeat(43), until: Date.now() + 3_600_000 };
    const contents = { users: {}, strangers: {}, secondFactor: false };
    const begun = await temporal.workflow.start('users', { workflowId: usersId, taskQueue, args: [contents] });
    expect(await reasonOf(begun.result())).toContain('takes over contents from its own earlier run only');
    for (const attempt of [access.users.add('mallory'), access.sessions.publishKey(key)])
      expect(await reasonOf(attempt)).toContain('takes requests only');

    const { path } = await asAlice(() => server.access.users.add('carol'));
    expect(await reasonOf(access.users.invite('carol'))).toContain('takes requests only');
    const digest = digestOfLink(path.split('/').pop()!)!;
    const password = `scrypt$17$8$1$${'a'.repeat(22)}$${'b'.repeat(43)}`;
    expect(await reasonOf(access.users.logIns.redeem(digest, password))).toContain('takes requests only');
    expect(await server.access.users.logIns.redeem(digest, password)).toBe('carol');
    await server.access.sessions.publishKey(key);
    expect((await server.access.state()).keys).toHaveProperty(key.id);
  });
});

const daily = {
  cron: ['0 3 * * *'],
  timeZone: 'UTC',
  jitterMs: 0,
  overlap: 'skip' as const,
  catchupMs: 60_000,
  what: { kind: 'deploy' as const },
};
const ciphertext = `v1.${'a'.repeat(16)}.${'b'.repeat(43)}.${'c'.repeat(16)}.${'d'.repeat(22)}`;

/** The messages of an error and its causes: Temporal wraps the errors of workflows and activities. */
async function reasonOf(promise: Promise<unknown>): Promise<string> {
  const messages: string[] = [];
  const failed = (error: unknown): void => {
    if (!(error instanceof Error)) return;
    messages.push(error.message);
    failed(error.cause);
  };
  await promise.then(() => messages.push('it succeeded'), failed);
  return messages.join('; ');
}
