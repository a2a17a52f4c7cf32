import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createClient } from '@redis/client';
import { messageOf } from '../../src/activities/subscribers/slack';
import { signatureOf } from '../../src/activities/subscribers/webhook';
import { addToStream } from '../../src/activities/subscribers/redis';
import { createApiServer } from '../../src/api';
import { readAccess } from '../../src/config/access';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import type { Stack } from '../../src/client';
import { freePort } from '../../src/guard/free-port';
import { docker } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { isFull } from '../support/exhaustive';
import { HostilePeer } from '../support/hostile-peer';
import { listenLocally, stopListening } from '../support/local-server';
import { memoryStack } from '../support/memory-stack';
import { describeWith } from '../support/parts';
import { until } from '../support/until';
import { eventually } from '../support/eventually';

interface Received {
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** Somebody who listens, and does not always answer well. */
class Listener {
  readonly received: Received[] = [];
  /** Answers of the next requests; then 200. */
  answers: number[] = [];
  private readonly server: Server = createServer(
    (request, response) =>
      void text(request).then((body) => {
        this.received.push({ path: request.url!, headers: request.headers as Record<string, string>, body });
        response.writeHead(this.answers.shift() ?? 200).end();
      }),
  );

  start(): Promise<string> {
    return listenLocally(this.server);
  }

  stop(): void {
    stopListening(this.server);
  }

  async of(path: string, type: string): Promise<Received> {
    const find = () => this.received.find((each) => each.path === path && each.body.includes(`"type":"${type}"`));
    await until(() => find() !== undefined);
    return find()!;
  }
}

describe('those who subscribed', () => {
  const host = new MemoryHost();
  const listener = new Listener();
  let url: string;
  let engine: TestEngine;
  beforeAll(async () => {
    url = await listener.start();
    Object.assign(process.env, {
      HOOK_KEY: 'hook-key-9911',
      SLACK_URL: `${url}/slack`,
      PRIVATE_URL: `${url.replace('://', '://me:pass-4711@')}/private\n`,
    });
    engine = await startEngine('subscribers', { runtimes: { memory: createMemoryRuntime(host) } });
  });
  afterAll(async () => {
    await engine.close();
    listener.stop();
  });

  const stackOf = (image: string, subscribers: object, name?: string, more: object = {}): Stack => {
    const stack = memoryStack(
      { api: { image } },
      {
        watch: { interval: '50ms' },
        secrets: {
          hook: { environment: 'HOOK_KEY' },
          slack: { environment: 'SLACK_URL' },
          private: { environment: 'PRIVATE_URL' },
        },
        subscribers,
        ...more,
      },
    );
    return name ? { ...stack, name } : stack;
  };

  it('for the whole installation are told of an attack, which every server then refuses', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'alerts-'));
    writeFileSync(join(folder, 'key'), 'alert-key-4242');
    writeFileSync(
      join(folder, 'access.yaml'),
      `secrets: {key: {file: ${folder}/key}}\nsubscribers: {ops: {webhook: {url: "${url}/alerts", key: key}}}\n`,
    );
    const declared = readAccess(join(folder, 'access.yaml'));
    await engine.client.access.grant({ subject: 'user:ana', role: 'viewer', scope: 'shop' });
    const start = () =>
      createApiServer({
        client: engine.client,
        host: { bound: '127.0.0.1' },
        people: { externalUrl: 'http://127.0.0.1:8080', declared: () => declared },
        perMinute: 200,
        version: '0',
        onFailure: (error) => {
          throw error;
        },
      });
    const [app, other] = [await start(), await start()];
    const ask = async (server: typeof app, url: string, remoteAddress = '192.0.2.7') =>
      (await server.inject({ url, headers: { host: '127.0.0.1' }, remoteAddress })).statusCode;
    for (let attempt = 0; attempt < 101; attempt += 1) await ask(app, '/api/v1/whoami');
    const { headers, body } = await listener.of('/alerts', 'security.threat_detected');
    const timestamp = headers['x-deploy-code-timestamp']!;
    expect(headers['x-deploy-code-signature']).toBe(signatureOf('alert-key-4242', timestamp, body));
    expect(JSON.parse(body)).toMatchObject({
      stack: 'deploy-code',
      environment: 'installation',
      text: 'the server noticed an attack: many refused requests (blocked for 15 minutes) from 192.0.2.7',
      details: { threats: [{ kind: 'denials', source: '192.0.2.7' }], count: 1 },
    });
    // What one server has blocked all of them have.
    await until(async () => (await ask(other, '/login')) === 429);
    expect(await ask(other, '/login', '192.0.2.8')).toBe(200);
    await Promise.all([app.close(), other.close()]);
  });

  it('get what they asked for, signed, with the evidence of a failure and no secret', async () => {
    const stack = stackOf('api:1', {
      ci: { webhook: { url: `${url}/ci`, key: 'hook' }, events: ['deployment.finished'] },
    });
    await (await engine.client.deploy(stack)).result();
    const { headers, body } = await listener.of('/ci', 'deployment.finished');
    expect(headers['x-deploy-code-signature']).toBe(
      signatureOf('hook-key-9911', headers['x-deploy-code-timestamp']!, body),
    );
    expect(headers).toMatchObject({ 'x-deploy-code-event': 'deployment.finished', 'content-type': 'application/json' });
    expect(JSON.parse(body)).toMatchObject({
      stack: stack.name,
      environment: 'test',
      deployment: 1,
      text: expect.stringMatching(/^deployment 1 succeeded after [\d.]+ s; release 1 runs$/),
      details: { outcome: 'succeeded', release: 1, changed: ['api'] },
    });
    host.exits['broken:1'] = 3;
    listener.received.length = 0;
    await (
      await engine.client.deploy(
        stackOf(
          'broken:1',
          {
            ci: { webhook: { url: `${url}/ci` } },
            chat: { slack: { url: { secret: 'slack' } }, events: ['deployment.finished'] },
            private: { webhook: { url: { secret: 'private' } } },
          },
          stack.name,
        ),
      )
    ).result();
    const failed = await listener.of('/ci', 'deployment.finished');
    expect(JSON.parse(failed.body)).toMatchObject({
      text: expect.stringContaining('rolled back'),
      details: {
        cause: { service: 'api', message: 'api-1 exited 3', evidence: { exitCode: 3, logs: ['log of api'] } },
      },
    });
    expect(failed.headers['x-deploy-code-signature']).toBeUndefined();
    await listener.of('/ci', 'deployment.started');
    expect((await listener.of('/private', 'deployment.finished')).headers.authorization).toBe(
      `Basic ${Buffer.from('me:pass-4711').toString('base64')}`,
    );
    await until(() => listener.received.some(({ path }) => path === '/slack'));
    expect(JSON.parse(listener.received.find(({ path }) => path === '/slack')!.body)).toMatchObject({
      blocks: [{ text: { text: expect.stringContaining('api-1 exited 3') } }, { text: { text: '```log of api```' } }],
    });
  });

  it('are tried again with the same id, and one that is dead holds nothing up', async () => {
    listener.answers = [500, 503];
    listener.received.length = 0;
    const stack = stackOf(
      'api:1',
      {
        flaky: { webhook: { url: `${url}/flaky` }, events: ['deployment.finished'] },
        dead: { webhook: { url: `http://127.0.0.1:${await freePort()}/dead` } },
        gone: { slack: { url: 'nowhere' } },
      },
      undefined,
      { secrets: { nowhere: { environment: 'NO_SUCH_VARIABLE' } } },
    );
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    await until(() => listener.received.length >= 3);
    const ids = listener.received.map(({ headers }) => headers['x-deploy-code-delivery']);
    expect(new Set(ids).size).toBe(1);
  });

  it('leave deployments and each other in peace, though 60 of them are a Redis that never answers', async () => {
    const hole = new HostilePeer('hangs');
    const port = await hole.start();
    listener.received.length = 0;
    const dead = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`r${index}`, { redis: { url: `redis://127.0.0.1:${port}` } }]),
    );
    const stack = stackOf('api:1', { ...dead, ci: { webhook: { url: `${url}/ci` } } });
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    for (let image = 2; image < (isFull ? 5 : 3); image += 1) {
      expect(
        await (
          await engine.client.deploy(
            stackOf(`api:${image}`, { ...dead, ci: { webhook: { url: `${url}/ci` } } }, stack.name),
          )
        ).result(),
      ).toMatchObject({ outcome: 'succeeded' });
      expect(await (await engine.client.deploy(stackOf('api:1', {}))).result()).toMatchObject({ outcome: 'succeeded' });
    }
    expect(JSON.parse((await listener.of('/ci', 'deployment.finished')).body)).toMatchObject({ stack: stack.name });
    expect(hole.open).toBeGreaterThan(0);
    expect(hole.most).toBeLessThanOrEqual(8);
    await hole.stop();
  });

  it('hear of what happens between deployments', async () => {
    const stack = stackOf('api:1', { ops: { webhook: { url: `${url}/ops` } } });
    await (await engine.client.deploy(stack)).result();
    const place = { stack: stack.name, environment: 'test' };
    await until(async () => (await engine.client.environment(place))?.watch?.deployment === 1);
    host.exit(`${stack.name}-test-api-1-d1`, 9);
    expect(JSON.parse((await listener.of('/ops', 'module.health_changed')).body)).toMatchObject({
      text: `${stack.name}-test-api-1-d1 is unhealthy: exited 9`,
      details: { healthy: false, service: 'api' },
    });
    expect(JSON.parse((await listener.of('/ops', 'watch.acted')).body)).toMatchObject({
      text: 'restart: api-1 exited 9',
    });
  });
});

describe('a message to Slack', () => {
  it('cannot be broken out of by what a service logs', () => {
    const { text, blocks, ...how } = messageOf({
      id: '1',
      type: 'deployment.finished',
      at: 0,
      stack: 'shop',
      environment: 'test',
      deployment: 1,
      text: 'failed: <!channel> & more\u202e',
      details: { cause: { evidence: { logs: ['``` <https://evil|click>'] } } },
    });
    expect(JSON.stringify(blocks)).toContain('failed: &lt;!channel&gt; &amp; more');
    expect(text).toBe('shop/test failed: &lt;!channel&gt; &amp; more\\u202e');
    expect(how).toEqual({ parse: 'none', link_names: false });
    expect(JSON.stringify(blocks)).toContain("```''' &lt;https://evil|click&gt;```");
  });
});

describeWith('docker', 'a Redis stream', () => {
  it('gets each event, and stays short', async () => {
    if (
      !(await docker
        .getImage('redis:7')
        .inspect()
        .then(
          () => true,
          () => false,
        ))
    )
      return console.warn('skipped: redis:7 is not here');
    const port = await freePort();
    const container = await docker.createContainer({
      Image: 'redis:7',
      Cmd: ['redis-server', '--requirepass', 'pw-7731'],
      HostConfig: { PortBindings: { '6379/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] } },
    });
    await container.start();
    try {
      const target = { url: `redis://127.0.0.1:${port}`, stream: 'events', longest: 100 };
      const notification = {
        id: 'n1',
        type: 'deployment.finished' as const,
        at: 0,
        stack: 'shop',
        environment: 'test',
        deployment: 3,
        text: 'done',
        details: { outcome: 'succeeded' },
      };
      const add = (password: string) => addToStream(target, notification, password, AbortSignal.timeout(10_000));
      await expect(add('wrong')).rejects.toThrow();
      await eventually(() => add('pw-7731'));
      const client = await createClient({ url: target.url, password: 'pw-7731' }).connect();
      const entries = await client.xRange('events', '-', '+');
      expect(entries?.at(-1)?.message).toMatchObject({
        id: 'n1',
        type: 'deployment.finished',
        stack: 'shop',
        environment: 'test',
      });
      expect(JSON.parse(entries!.at(-1)!.message.event!)).toMatchObject({
        at: '1970-01-01T00:00:00.000Z',
        details: { outcome: 'succeeded' },
      });
      client.destroy();
    } finally {
      await container.remove({ force: true, v: true });
    }
  });
});
