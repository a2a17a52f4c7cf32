import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { request as requestPlainly, type IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { balancerOf } from '../../src/activities/traffic/balancer';
import { SecretStore } from '../../src/activities/secrets';
import type { Stack } from '../../src/client';
import { createDockerRuntime } from '../../src/runtimes/docker';
import { freePort } from '../../src/guard/free-port';
import { docker, states } from '../support/docker-world';
import { EchoSockets } from '../support/echo-sockets';
import { startEngine, type TestEngine } from '../support/engine';
import { Load } from '../support/load';
import { eventually } from '../support/eventually';
import { describeWith } from '../support/parts';
import { RolloutWorlds, type RolloutWorld } from '../support/rollout';
import { step } from '../support/events';
import { isFull, itInFull } from '../support/exhaustive';

describeWith('docker', 'the front door', () => {
  let engine: TestEngine;
  const dockerOf = (stack: string) =>
    createDockerRuntime(new SecretStore(engine.dataDir)).within({ stack, environment: 'test' });
  const worlds = new RolloutWorlds();
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-tls-'));
  const file = (name: string) => join(folder, name);
  beforeAll(async () => {
    certify('cert.pem', 'key.pem');
    engine = await startEngine('front');
  });
  afterAll(async () => {
    await worlds.wipe();
    await engine.close();
  });

  const certify = (certificate: string, key: string) =>
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-subj',
        '/CN=shop.example.com',
        '-days',
        '2',
        '-keyout',
        file(key),
        '-out',
        file(certificate),
      ],
      { stdio: 'ignore' },
    );
  const world = () => worlds.next();
  const deploy = async (stack: Stack) => (await engine.client.deploy(stack)).result();
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { redirect: 'manual', headers: { ...headers, connection: 'close' } });
    return { status: response.status, location: response.headers.get('location'), body: await response.text() };
  };

  const worldWith = async (image: string) => {
    const front = await world();
    const settings = { infrastructure: { load_balancer: { image } } };
    const { outcome, cause } = await deploy(front.stack('1', { replicas: 1 }, settings));
    expect({ outcome, cause: cause?.message }).toEqual({ outcome: 'succeeded', cause: undefined });
    return front;
  };
  /** One instance behind NGINX, for the tests that change nothing of it; deployed once. */
  let unchanged: Promise<RolloutWorld> | undefined;
  const unchangedWorld = () => (unchanged ??= worldWith('nginx:1.28'));

  it('tells a service who asks, by which name and scheme', async () => {
    const front = await unchangedWorld();
    const { body } = await get(`${front.url}some/path?x=1`);
    const { headers } = JSON.parse(body) as { headers: Record<string, string> };
    expect(headers).toMatchObject({
      host: `127.0.0.1:${front.port}`,
      'x-forwarded-proto': 'http',
      'x-forwarded-port': String(front.port),
      'x-forwarded-host': `127.0.0.1:${front.port}`,
    });
    expect(headers['x-real-ip']).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(headers['x-forwarded-for']).toBe(headers['x-real-ip']);
  });

  it.each(['nginx:1.22', 'nginx:1.28'])(
    'passes requests and answers on as if the service were asked directly: %s',
    async (image) => {
      const front = image === 'nginx:1.28' ? await unchangedWorld() : await worldWith(image);
      expect((await ask(`${front.url}big?=40000`)).headers['set-cookie']![0]).toHaveLength(40_002);
      const forged = {
        api_key: 'k',
        'x.dotted': 'd',
        'x-large': 'y'.repeat(30_000),
        'x-forwarded-for': '1.2.3.4',
        x_forwarded_for: '1.2.3.4',
        'x-real_ip': '1.2.3.4',
        'x-forwarded-proto': 'https',
        forwarded: 'for=1.2.3.4',
      };
      const { headers } = JSON.parse((await ask(front.url, forged)).body) as { headers: Record<string, string> };
      expect(headers).toMatchObject({
        api_key: 'k',
        'x.dotted': 'd',
        'x-large': forged['x-large'],
        'x-forwarded-proto': 'http',
      });
      expect(JSON.stringify(headers)).not.toContain('1.2.3.4');
      const { firstMs, lastMs } = await ask(`${front.url}drip`);
      expect(lastMs - firstMs).toBeGreaterThan(1000);
    },
  );

  itInFull('believes what trusted proxies say about who asks', async () => {
    const front = await world();
    const settings = (trusted: string[]) => ({
      infrastructure: { load_balancer: { image: 'nginx:1.28', trusted_proxies: trusted } },
    });
    const said = { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'shop.example.com' };
    const told = async () =>
      (JSON.parse((await ask(front.url, said)).body) as { headers: Record<string, string> }).headers;
    expect(await deploy(front.stack('1', { replicas: 1 }, settings(['0.0.0.0/0'])))).toMatchObject({
      outcome: 'succeeded',
    });
    expect(await told()).toMatchObject({
      ...said,
      'x-forwarded-for': expect.stringMatching(/^1\.2\.3\.4, \d+\.\d+\.\d+\.\d+$/) as string,
    });
    expect(await deploy(front.stack('1', { replicas: 1 }, settings(['203.0.113.0/24'])))).toMatchObject({
      outcome: 'succeeded',
      changed: ['load-balancer'],
    });
    expect(await told()).toMatchObject({ 'x-forwarded-proto': 'http', 'x-forwarded-host': `127.0.0.1:${front.port}` });
    expect(await states(front.name)).toEqual(['load-balancer-1-d1 running', 'web-1-d1 running']);
  });

  it('runs without root, capabilities or new privileges, and within limits', async () => {
    const front = await unchangedWorld();
    const { Config, HostConfig } = await docker.getContainer(`${front.name}-test-load-balancer-1-d1`).inspect();
    expect(Config.User).toBe('101:101');
    expect(HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      CapAdd: [],
      SecurityOpt: ['no-new-privileges:true'],
      PidsLimit: 2048,
      Memory: 2 ** 30,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    });
    expect(await (await engine.client.repair({ stack: front.name, environment: 'test' })).result()).toMatchObject({
      outcome: 'unchanged',
    });
  });

  /** Runs, and passes its own check, but nothing listens at the port that is exposed. */
  const deaf = {
    image: 'node:20',
    command: ['node', '-e', 'require("net").createServer().listen(9999)'],
    replicas: 1,
    health_check: { tcp: 9999, interval: '500ms' },
  };
  const unreached = (deployment: number) => ({
    service: 'web',
    message: expect.stringMatching(
      new RegExp(`the load balancer does not reach .*-web-1-d${deployment}:8080 \\(nothing accepts connections there`),
    ) as string,
  });

  it('fails the deployment of a service that it cannot reach, before a request goes there', async () => {
    const front = await world();
    expect(await deploy(front.stack('1', { replicas: 1 }))).toMatchObject({ outcome: 'succeeded' });
    const load = new Load({ url: front.url, connections: 5 });
    expect(await deploy(front.stack('2', deaf))).toMatchObject({
      outcome: 'rolled_back',
      release: 1,
      cause: unreached(2),
    });
    await load.answered(50);
    expect(await load.stop()).toMatchObject({ failed: {}, versions: { 1: expect.any(Number) as number } });
  });

  itInFull('fails a first deployment of a service that it cannot reach', async () => {
    const front = await world();
    expect(await deploy(front.stack('1', deaf))).toMatchObject({ outcome: 'rolled_back', cause: unreached(1) });
  });

  it('speaks TLS 1.2 and 1.3 only, with the certificate from a secret, and sends plain requests on', async () => {
    const front = await world();
    const [http, https] = [await freePort(), await freePort()];
    const settings = {
      infrastructure: {
        load_balancer: {
          image: 'nginx:1.28',
          http_port: http,
          https_port: https,
          tls: { certificate: 'cert', key: 'key' },
        },
      },
      secrets: { cert: { file: file('cert.pem') }, key: { file: file('key.pem') } },
    };
    expect(
      await deploy(front.stack('1', { expose: { port: 8080, host: 'shop.example.com' }, replicas: 1 }, settings)),
    ).toMatchObject({ outcome: 'succeeded' });
    expect(await get(`http://127.0.0.1:${http}/x?y=1`)).toMatchObject({
      status: 308,
      location: `https://127.0.0.1:${https}/x?y=1`,
    });
    expect(await getTls(https, 'shop.example.com', readFileSync(file('cert.pem')))).toBe(200);
    expect(await getTls(https, 'other.example.com', readFileSync(file('cert.pem')))).toBe(404);
    expect(await handshake(https, 'TLSv1.3')).toBe('TLSv1.3');
    expect(await handshake(https, 'TLSv1.2')).toBe('TLSv1.2');
    expect(await handshake(https, 'TLSv1.1')).toMatch(/alert|unsupported|protocol/i);
  });

  it('takes a new certificate under load without losing a request, and keeps one if NGINX refuses', async () => {
    const front = await world();
    const https = await freePort();
    const settings = {
      infrastructure: {
        load_balancer: {
          image: 'nginx:1.28',
          https_port: https,
          http_port: await freePort(),
          tls: { certificate: 'cert', key: 'key' },
        },
      },
      secrets: { cert: { file: file('rotated.pem') }, key: { file: file('rotated-key.pem') } },
    };
    const stack = () => front.stack('1', { expose: { port: 8080, path: '/' }, replicas: 1 }, settings);
    certify('rotated.pem', 'rotated-key.pem');
    expect(await deploy(stack())).toMatchObject({ outcome: 'succeeded' });
    const load = new Load({ url: `https://127.0.0.1:${https}/`, connections: 10 });
    await load.answered(100);
    certify('rotated.pem', 'rotated-key.pem');
    const second = readFileSync(file('rotated.pem'));
    expect(await deploy(stack())).toMatchObject({ outcome: 'succeeded', changed: ['load-balancer'] });
    expect(await getTls(https, 'shop.example.com', second)).toBe(200);
    certify('rotated.pem', 'key-of-another.pem');
    const refused = await deploy(stack());
    expect(refused).toMatchObject({
      outcome: 'rolled_back',
      cause: { message: expect.stringContaining('key values mismatch') as string },
    });
    expect(await getTls(https, 'shop.example.com', second)).toBe(200);
    await load.answered(100);
    expect((await load.stop()).failed).toEqual({});
    expect(await states(front.name)).toEqual(['load-balancer-1-d1 running', 'web-1-d1 running']);
  });

  it.each([...(isFull ? ['nginx:1.28'] : []), 'nginx:1.22'])(
    'learns and forgets routes under load without losing a request: %s',
    async (image) => {
      const front = await world();
      const shared = await freePort();
      const settings = (services: object) => ({
        infrastructure: { load_balancer: { image, http_port: shared } },
        services,
      });
      const web = { expose: { port: 8080, path: '/web' }, replicas: 1 };
      const api = {
        image: 'node:20',
        command: ['node', '/app.js'],
        configs: { app: '/app.js' },
        environment: { VERSION: 'api' },
        health_check: { http: ':8080/healthz', interval: '500ms' },
        stop_grace_period: '2s',
      };
      expect(await deploy(front.stack('1', web, settings({})))).toMatchObject({ outcome: 'succeeded' });
      expect((await get(`http://127.0.0.1:${shared}/api`)).status).toBe(404);
      const load = new Load({ url: `http://127.0.0.1:${shared}/web`, connections: 10 });
      await load.answered(100);
      expect(
        await deploy(front.stack('1', web, settings({ api: { ...api, expose: { port: 8080, path: '/api' } } }))),
      ).toMatchObject({ outcome: 'succeeded', changed: ['api', 'load-balancer'] });
      expect(await get(`http://127.0.0.1:${shared}/api/v1`)).toMatchObject({
        status: 200,
        body: expect.stringContaining('"version":"api"') as string,
      });
      expect((await get(`http://127.0.0.1:${shared}/apiary`)).status).toBe(404);
      expect(await deploy(front.stack('1', web, settings({})))).toMatchObject({ outcome: 'succeeded' });
      expect((await get(`http://127.0.0.1:${shared}/api`)).status).toBe(404);
      await load.answered(100);
      expect((await load.stop()).failed).toEqual({});
      expect(await states(front.name)).toEqual(['load-balancer-1-d1 running', 'web-1-d1 running']);
    },
  );

  it('keeps serving when NGINX refuses a configuration, and hands on its message', async () => {
    const front = await unchangedWorld();
    const door = balancerOf(dockerOf(front.name), `${front.name}-test-load-balancer-1-d1`);
    const { front: routes } = await door.read();
    const refused = { ...routes!, redirects: [{ from: 0, to: 443 }] };
    await expect(door.configure(refused, () => Promise.resolve([]))).rejects.toThrow(/invalid port in "0"/);
    expect(await door.read()).toMatchObject({ front: routes });
    expect(await door.unreached(['nowhere:80', `${front.name}-test-web-1-d1:8080`])).toEqual([
      { address: 'nowhere:80', reason: expect.stringContaining('its name cannot be resolved') as string },
    ]);
    expect((await get(front.url)).status).toBe(200);
  });

  itInFull('finds what somebody else has changed, and sends requests to what runs', async () => {
    const front = await world();
    expect(await deploy(front.stack('1'))).toMatchObject({ outcome: 'succeeded' });
    const door = balancerOf(dockerOf(front.name), `${front.name}-test-load-balancer-1-d1`);
    await door.route([{ route: `web=8080=${front.port}`, targets: [] }]);
    expect((await get(front.url)).status).toBe(503);
    expect(await deploy(front.stack('1'))).toMatchObject({ outcome: 'succeeded', changed: ['web'] });
    expect((await get(front.url)).status).toBe(200);
    expect(await deploy(front.stack('1'))).toMatchObject({ outcome: 'unchanged' });
  });

  it('tries another instance when one has died', async () => {
    const front = await world();
    expect(await deploy(front.stack('1', { restart: 'no' }))).toMatchObject({ outcome: 'succeeded' });
    const load = new Load({ url: front.url, connections: 5 });
    await load.answered(50);
    await docker.getContainer(`${front.name}-test-web-2-d1`).kill();
    await load.answered(300);
    const { failed } = await load.stop();
    expect(failed).toEqual({});
  });

  itInFull('waits for an open request no longer than drain_timeout', async () => {
    const front = await world();
    const service = { replicas: 1, drain_timeout: '1s' };
    expect(await deploy(front.stack('1', service))).toMatchObject({ outcome: 'succeeded' });
    const endless = new EchoSockets(front.port, 1, 60_000);
    await endless.echoed(1);
    const handle = await engine.client.deploy(front.stack('2', service));
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    const { events } = await handle.progress();
    const drained = events.find(step('step.finished', 'drain and stop'))!;
    const { durationMs } = drained.data as { durationMs: number };
    expect(durationMs).toBeGreaterThanOrEqual(1000);
    expect(durationMs).toBeLessThan(10_000);
    endless.abandon();
  });

  it('goes with the last service that is exposed', async () => {
    const front = await world();
    expect(await deploy(front.stack('1', { replicas: 1 }))).toMatchObject({ outcome: 'succeeded' });
    expect(await deploy(front.stack('1', { replicas: 1, expose: [] }))).toMatchObject({
      outcome: 'succeeded',
      leftBehind: [],
    });
    expect((await states(front.name)).filter((line) => line.startsWith('load-balancer'))).toEqual([]);
    expect(await (await engine.client.stop(front.stack('1', { replicas: 1, expose: [] }))).result()).toMatchObject({
      outcome: 'succeeded',
      leftBehind: [],
    });
    expect(await states(front.name)).toEqual([]);
  });

  itInFull('moves the name of a service that is not exposed once the new instances are healthy', async () => {
    const front = await world();
    const client = {
      image: 'node:20',
      command: ['node', '-e', askByName],
      depends_on: ['api'],
      environment: { TARGET: 'http://api:8080/' },
    };
    const api = (version: string) => ({
      image: 'node:20',
      command: ['node', '/app.js'],
      configs: { app: '/app.js' },
      environment: { VERSION: version },
      replicas: 2,
      strategy: 'rolling',
      health_check: { http: ':8080/healthz', interval: '500ms' },
      stop_grace_period: '2s',
    });
    const stack = (version: string) => front.stack('1', { replicas: 1 }, { services: { api: api(version), client } });
    expect(await deploy(stack('a'))).toMatchObject({ outcome: 'succeeded' });
    for (const version of ['b', 'c'])
      expect(await deploy(stack(version))).toMatchObject({ outcome: 'succeeded', changed: ['api'] });
    const lines = async () =>
      (await docker.getContainer(`${front.name}-test-client-1-d1`).logs({ stdout: true, stderr: true })).toString();
    await eventually(async () =>
      expect((await lines()).match(/version ./g)).toEqual(['version a', 'version b', 'version c']),
    );
    expect((await lines()).match(/failed.*/g)).toBeNull();
  });
});

/** Asks by name, over and over, each time by a connection of its own. */
const askByName = `
let last;
(async () => {
  for (;;) {
    try {
      const { version } = await (await fetch(process.env.TARGET, { headers: { connection: 'close' } })).json();
      if (version > (last ?? '')) console.log('version ' + (last = version));
    } catch (error) {
      console.log('failed ' + (error.cause?.code ?? error.message));
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
})();
`;

/** One request with headers as they are written, and when its first and last bytes came. */
function ask(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ headers: IncomingHttpHeaders; body: string; firstMs: number; lastMs: number }> {
  return new Promise((resolve, reject) => {
    requestPlainly(url, { headers, agent: false, maxHeaderSize: 131_072 }, (response) => {
      const chunks: Buffer[] = [];
      let firstMs = 0;
      response.on('data', (chunk: Buffer) => {
        firstMs ||= Date.now();
        chunks.push(chunk);
      });
      response.once('end', () =>
        resolve({ headers: response.headers, body: Buffer.concat(chunks).toString(), firstMs, lastMs: Date.now() }),
      );
    })
      .once('error', reject)
      .end();
  });
}

function getTls(port: number, host: string, ca: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ ca, servername: 'shop.example.com' });
    request({ host: '127.0.0.1', port, path: '/', headers: { host }, agent }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    })
      .once('error', reject)
      .end();
  });
}

/** The protocol agreed on, or what was wrong. */
function handshake(port: number, version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(
      {
        host: '127.0.0.1',
        port,
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
        ...(version === 'TLSv1.1' && { ciphers: 'DEFAULT@SECLEVEL=0' }),
      },
      () => {
        resolve(socket.getProtocol() ?? '');
        socket.destroy();
      },
    );
    socket.once('error', (error) => resolve(error.message));
  });
}
