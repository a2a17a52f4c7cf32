import { randomUUID } from 'node:crypto';
import { namesOf } from '../../src/api/graphql/names';
import { isRead } from '../../src/api/route';
import { routes } from '../../src/api/routes';
import type { DeploymentHandle, Stack } from '../../src/client';
import { CommandSession } from '../../src/client/command-session';
import { ChannelKey } from '../../src/guard/sealed-channel';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { scheduleId } from '../../src/workflows/messages';
import { serveApi, type ApiServer } from '../support/api-server';
import { startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { reached, step } from '../support/events';
import { memoryStack, shop } from '../support/memory-stack';

type Data = Record<string, unknown>;
interface Answer {
  status: number;
  body: Data;
}

const checked = { health_check: { command: ['check'], interval: '100ms', retries: 2 } };

async function* given(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

describe('a POST that is repeated with its Idempotency-Key', () => {
  const host = new MemoryHost();
  const failures: Error[] = [];
  let engine: TestEngine;
  let server: ApiServer;
  let base: string;
  let admin: string;

  const post = async (path: string, body: object | undefined, key: string, token = admin): Promise<Answer> => {
    const response = await fetch(`${base}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'idempotency-key': key,
        // Many programs say so with every request, also with those that have no body.
        'content-type': 'application/json',
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Data) };
  };
  /** Both answers; the second one has the status of the first. */
  const twice = async (status: number, path: string, body?: object, key: string = randomUUID()): Promise<Data[]> => {
    const first = await post(path, body, key);
    const second = await post(path, body, key);
    expect([first, second]).toMatchObject([{ status }, { status }]);
    return [first.body, second.body];
  };
  const at = ({ name }: Stack, below: string) => `/environments/${name}/test${below}`;
  const placeOf = ({ name }: Stack) => ({ stack: name, environment: 'test' });
  const deployed = async (stack: Stack): Promise<Stack> => {
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    return stack;
  };
  const below = (handle: DeploymentHandle, path: string) =>
    `/environments/${handle.place.stack}/test/deployments/${handle.id.split('/').at(-1)!}${path}`;
  const web = (version: string, more: Data = {}, name?: string): Stack => {
    const stack = memoryStack({ web: { image: `web:${version}`, ...checked } }, more);
    return name === undefined ? stack : { ...stack, name };
  };
  const instanceOf = async (stack: Stack) => (await engine.client.status(stack)).found[0]!.name;
  const asked = async (handle: DeploymentHandle) => {
    for await (const { question, failure } of handle.watch()) if (question ?? failure) return question?.id;
    throw new Error('it ended without waiting');
  };

  beforeAll(async () => {
    engine = await startEngine('api-repeats', { runtimes: { memory: createMemoryRuntime(host) } });
    await engine.client.access.grant({ subject: 'user:ada', role: 'admin', scope: '*' });
    admin = (await engine.client.access.createToken('user:ada')).token;
    server = await serveApi(engine.client, (error) => failures.push(error));
    base = `${server.url}/api/v1`;
  });
  afterAll(async () => {
    await server.close();
    await engine.close();
    expect(failures).toEqual([]);
  });
  afterEach(() => {
    host.exits = {};
    host.commands = {};
  });

  /** What each POST does that does more than read, once. */
  const once: Record<string, () => Promise<void>> = {
    requestDeployment: async () => {
      const stack = await deployed(web('1'));
      const [first, second] = await twice(202, at(stack, '/deployments'), { kind: 'redeploy' });
      expect(second).toEqual(first);
    },

    steerDeployment: async () => {
      const gates = (version: string, name?: string): Stack => {
        const exposed = (image: string, hostPort: number) => ({
          ...checked,
          image: `${image}:${version}`,
          expose: { port: 8080, host_port: hostPort },
          strategy: { blue_green: { approval: true, keep_old: '0s' } },
        });
        const stack = memoryStack({
          api: exposed('api', 80),
          web: { ...exposed('web', 81), depends_on: { api: 'healthy' } },
        });
        return name === undefined ? stack : { ...stack, name };
      };
      const { name } = await deployed(gates('1'));
      const handle = await engine.client.deploy(gates('2', name));
      await reached(handle, step('step.started', 'approve the switch of api'));
      const [one, other] = [randomUUID(), randomUUID()];
      const approve = async (key: string) =>
        (await post(below(handle, '/steering'), { action: 'approve' }, key)).status;
      expect(await approve(one)).toBe(204);
      await reached(handle, step('step.started', 'approve the switch of web'));
      expect(await approve(one)).toBe(204);
      expect((await handle.progress()).approvals).toMatchObject([{ service: 'web' }]);
      expect(await approve(other)).toBe(204);
      expect(await handle.result()).toMatchObject({ outcome: 'succeeded', steering: [{}, {}] });
      expect(await approve(other)).toBe(204);
      expect(await approve(randomUUID())).not.toBe(204);
    },

    answerDeployment: async () => {
      const refuse = { migrate: { on_rollback: 'refuse' } };
      const { name } = await deployed(shop({}, refuse));
      host.exits = { 'web:2': 1 };
      const handle = await engine.client.deploy(
        shop({ migrate: 'migrate:2', api: 'api:2', web: 'web:2' }, refuse, name),
      );
      await twice(204, below(handle, '/answers'), { question: await asked(handle), answer: 'leave as is' });
      expect(await handle.result()).toMatchObject({ outcome: 'left_as_is' });
      expect((await post(below(handle, '/answers'), { question: 'q1', answer: 'roll back' }, 'k')).status).toBe(422);
    },

    cancelDeployment: async () => {
      const { name } = await deployed(web('1'));
      host.commands = { 'web:2': { exitCode: 1, output: '' } };
      const handle = await engine.client.deploy(web('2', {}, name));
      await reached(handle, ({ code }) => code === 'step.started');
      await twice(200, below(handle, '/cancellation'), {});
      expect(await handle.result()).toMatchObject({ outcome: 'cancelled' });
    },

    amendDeployment: async () => {
      const broken = web('broken', { deployment: { on_failure: 'wait' } });
      host.exits = { 'web:broken': 1 };
      const handle = await engine.client.deploy(broken);
      await asked(handle);
      host.exits = {};
      const body = { services: [{ ...broken.services.web, image: 'web:2' }] };
      const key = randomUUID();
      expect((await post(below(handle, '/amendments'), body, key)).status).toBe(204);
      expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
      expect((await post(below(handle, '/amendments'), body, key)).status).toBe(204);
    },

    adoptDeployment: async () => {
      const handle = await engine.client.deploy(web('1'));
      await twice(204, below(handle, '/adoption'));
      expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    },

    exec: async () => {
      const stack = await deployed(web('1'));
      const path = at(stack, `/instances/${await instanceOf(stack)}/exec`);
      const [key, body] = [randomUUID(), { command: ['count'] }];
      host.commands = { 'web:1': { exitCode: 0, output: 'first' } };
      expect(await post(path, body, key)).toEqual({ status: 200, body: { exitCode: 0, output: 'first' } });
      host.commands = { 'web:1': { exitCode: 0, output: 'second' } };
      expect(await post(path, body, key)).toEqual({ status: 200, body: { exitCode: 0, output: 'first' } });
      expect((await post(path, { command: ['other'] }, key)).body).toMatchObject({ output: 'second' });
    },

    openSession: async () => {
      const stack = await deployed(web('1'));
      const key = new ChannelKey();
      const body = { command: ['cat'], key: key.publicKey, input: true };
      const path = at(stack, `/instances/${await instanceOf(stack)}/sessions`);
      const [first, second] = await twice(201, path, body);
      expect(second).toEqual(first);
      const session = engine.client.sessionPath(placeOf(stack), first!.id as string);
      expect(await new CommandSession(session, key, { input: given(), onOutput: () => undefined }).exitCode()).toBe(0);
    },

    sendToSession: async () => {
      const stack = await deployed(web('1'));
      const instance = at(stack, `/instances/${await instanceOf(stack)}/sessions`);
      const key = new ChannelKey();
      const begin = { command: ['cat'], key: key.publicKey, input: true };
      const id = (await post(instance, begin, randomUUID())).body.id as string;
      const path = engine.client.sessionPath(placeOf(stack), id);
      const send = async (sealed: string) => void (await twice(204, `${instance}/${id}/messages`, { sealed }));
      const seen = { stdout: '', stderr: '' };
      const onOutput = (stream: 'stdout' | 'stderr', bytes: Buffer) => (seen[stream] += bytes.toString());
      const options = { input: given('once'), onOutput };
      expect(await new CommandSession({ ...path, send }, key, options).exitCode()).toBe(0);
      expect(seen.stdout).toBe('once');
    },

    createSchedule: async () => {
      const stack = await deployed(web('1'));
      const body = { name: 'nightly', cron: ['0 3 * * *'] };
      await twice(204, at(stack, '/schedules'), body);
      expect((await post(at(stack, '/schedules'), body, randomUUID())).status).toBe(422);
    },

    runSchedule: () => patchedOnce('/runs'),

    backfillSchedule: () => patchedOnce('/backfills', { from: '2026-11-20T00:30:00Z', to: '2026-11-20T01:30:00Z' }),

    createToken: async () => {
      const body = { subject: 'service:ci' };
      const [first, second] = await twice(201, '/access/tokens', body);
      expect(first!.id).toBe(second!.id);
      const status = async (answer: Data) =>
        (await fetch(`${base}/whoami`, { headers: { authorization: `Bearer ${answer.token as string}` } })).status;
      await eventually(async () => expect(await status(second!)).toBe(200));
      await eventually(async () => expect(await status(first!)).toBe(401));
      expect((await post('/access/tokens', body, randomUUID())).body.id).not.toBe(first!.id);
    },

    addUser: async () => {
      const [first, second] = await twice(201, '/access/users', { name: 'ben' });
      expect(first!.path).not.toBe(second!.path);
      expect((await post('/access/users', { name: 'ben' }, randomUUID())).status).toBe(422);
      expect((await engine.client.access.users.list()).filter(({ name }) => name === 'ben')).toHaveLength(1);
    },

    inviteUser: async () => {
      await engine.client.access.users.add('eve');
      await twice(201, '/access/users/eve/invitation');
    },

    resetUser: async () => {
      await engine.client.access.users.add('joe');
      await twice(201, '/access/users/joe/reset');
    },

    resealSecrets: async () => {
      const [first, second] = await twice(200, at(await deployed(web('1')), '/secrets/resealing'));
      expect(second).toEqual(first);
    },

    resealRegistries: async () => {
      const [first, second] = await twice(200, '/registries/resealing');
      expect(second).toEqual(first);
    },
  };

  /** The requests for runs that a schedule has got, each of which its workflow in Temporal knows. */
  const patchedOnce = async (path: string, body?: object): Promise<void> => {
    const stack = await deployed(web('1'));
    const spec = { name: 'hourly', cron: ['0 * * * *'], overlap: 'buffer_one' };
    expect((await post(at(stack, '/schedules'), spec, randomUUID())).status).toBe(204);
    await twice(204, at(stack, `/schedules/hourly${path}`), body);
    const id = `temporal-sys-scheduler:${scheduleId(placeOf(stack), 'hourly')}`;
    const { events } = await engine.client['temporal'].workflow.getHandle(id).fetchHistory();
    const patches = (events ?? []).filter(
      ({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName === 'patch',
    );
    expect(patches).toHaveLength(1);
  };

  const names = [...namesOf(routes)].filter(([route]) => route.method === 'POST' && !isRead(route));

  it('is tried for every route', () => {
    expect(Object.keys(once).sort()).toEqual(names.map(([, name]) => name).sort());
  });

  it.each(Object.keys(once))('does once what it is for: %s', async (name) => {
    await once[name]!();
  });
});
