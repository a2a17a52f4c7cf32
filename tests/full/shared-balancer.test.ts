import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { request } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { Stack } from '../../src/client';
import { sharedContainer } from '../../src/model/traffic';
import { freePort } from '../../src/guard/free-port';
import { docker, states, wipe } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { EchoSockets } from '../support/echo-sockets';
import { Load } from '../support/load';
import { imageWithStreams } from '../support/nginx';
import { describeWith } from '../support/parts';
import { stackOf, uniqueName } from '../support/stack';
import { webApp } from '../support/web-app';

type Data = Record<string, unknown>;

/** Each test is several deployments, one after the other, on a machine that may be busy. */
jest.setTimeout(600_000);

describeWith('docker', 'the shared load balancer', () => {
  let engine: TestEngine;
  let port: number;
  const loads: Load[] = [];
  const names: string[] = [];
  const ports: number[] = [];
  beforeAll(async () => {
    engine = await startEngine('shared-balancer', { sharedImage: imageWithStreams() });
    port = await anyPort();
  });
  afterEach(async () => {
    for (const each of loads.splice(0)) await each.stop();
  });
  afterAll(async () => {
    for (const each of ports) {
      const left = docker.getContainer(sharedContainer(each));
      await left.remove({ force: true }).catch(() => undefined);
    }
    for (const name of names) await wipe(name);
    await engine.close();
  });

  const anyPort = async (): Promise<number> => {
    const free = await freePort();
    if (ports.includes(free)) return anyPort();
    ports.push(free);
    return free;
  };
  const named = (base: string) => {
    names.push(uniqueName(base));
    return names.at(-1)!;
  };
  const stack = (
    name: string,
    version: string,
    change: Data = {},
    settings: Data = {},
    services: Data = {},
    more: Data = {},
  ): Stack => {
    const { environment, place = 'test', ...rest } = change as { environment?: Data; place?: string };
    return stackOf({
      name,
      environment: place,
      infrastructure: { load_balancer: { image: 'nginx:1.28', shared: true, http_port: port, ...settings } },
      configs: { app: { content: webApp } },
      services: {
        web: {
          image: 'node:20',
          command: ['node', '/app.js'],
          configs: { app: '/app.js' },
          environment: { VERSION: version, ...environment },
          expose: { port: 8080, host: `${name}.example.com` },
          health_check: { http: ':8080/healthz', interval: '500ms', start_period: '20s' },
          stop_grace_period: '2s',
          ...rest,
        },
        ...services,
      },
      ...more,
    });
  };
  const deploy = async (of: Stack) => (await engine.client.deploy(of)).result();
  const stop = async (of: Stack) => (await engine.client.stop(of)).result();
  const ask = (host: string, path = '/', headers: Record<string, string> = {}) => askAt(port, host, path, headers);
  const askAt = (at: number, host: string, path = '/', headers: Record<string, string> = {}) =>
    new Promise<{ status: number; body: string; atMs: number[] }>((resolve, reject) => {
      request(
        { host: '127.0.0.1', port: at, path, agent: false, maxHeaderSize: 131_072, headers: { host, ...headers } },
        (response) => {
          const atMs: number[] = [];
          let body = '';
          response.on('data', (chunk: Buffer) => {
            atMs.push(Date.now());
            body += chunk.toString();
          });
          response.on('end', () => resolve({ status: response.statusCode!, body, atMs }));
        },
      )
        .once('error', reject)
        .end();
    });
  const askSecurely = (at: number, host: string, headers: Record<string, string> = {}) =>
    new Promise<{ subject: string; headers: Record<string, string> }>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: at, servername: host, rejectUnauthorized: false, agent: false };
      requestSecurely({ ...options, headers: { host, ...headers } }, (response) => {
        const subject = (response.socket as TLSSocket).getPeerCertificate().subject.CN as string;
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve({ subject, ...(JSON.parse(body) as { headers: Record<string, string> }) }));
      })
        .once('error', reject)
        .end();
    });
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-tls-'));
  const certificateFor = (host: string) => {
    const [certificate, key] = ['crt', 'key'].map((kind) => join(folder, `${host}.${kind}`)) as [string, string];
    const subject = ['-subj', `/CN=${host.slice(0, 64)}`, '-days', '2', '-keyout', key, '-out', certificate];
    if (!existsSync(certificate))
      execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject], { stdio: 'ignore' });
    return { certificate, key };
  };
  const versionAt = async (host: string, path = '/') => {
    const { status, body } = await ask(host, path);
    return status === 200 ? (JSON.parse(body) as { version: string }).version : status;
  };
  const loadAt = (url: string, host: string) => {
    loads.push(new Load({ url, connections: 5, headers: { host } }));
    return loads.at(-1)!;
  };
  const load = (host: string) => loadAt(`http://127.0.0.1:${port}/`, host);
  const quick = { http: ':8080/healthz', interval: '500ms', retries: 3, start_period: '2s' };
  const succeeded = { outcome: 'succeeded', refusals: [] };

  it('shares one port by host name, and loses no request of a stack while another comes, fails and goes', async () => {
    const [shop, blog] = [named('shop'), named('blog')];
    expect(await deploy(stack(shop, '1'))).toMatchObject({ ...succeeded, leftBehind: [] });
    const requests = load(`${shop}.example.com`);
    const sockets = new EchoSockets(port, 3, 500, `${shop}.example.com`);
    await requests.answered(200);
    expect(await deploy(stack(blog, '7'))).toMatchObject(succeeded);
    expect(await versionAt(`${blog}.example.com`)).toBe('7');
    expect(await deploy(stack(blog, '8', { strategy: 'blue_green' }))).toMatchObject(succeeded);
    expect(await deploy(stack(blog, '9', { environment: { UNHEALTHY: '1' }, health_check: quick }))).toMatchObject({
      outcome: 'rolled_back',
    });
    expect(await versionAt(`${blog}.example.com`)).toBe('8');
    expect(await deploy(stack(shop, '2'))).toMatchObject(succeeded);
    expect(await stop(stack(blog, '8'))).toMatchObject({ ...succeeded, leftBehind: [] });
    expect(await versionAt(`${blog}.example.com`)).toBe(404);
    await requests.answered(200);
    const { failed, versions } = await requests.stop();
    expect(failed).toEqual({});
    expect((await sockets.stop()).failed).toEqual({});
    expect(Object.keys(versions).sort()).toEqual(['1', '2']);
    expect(await states(blog)).toEqual([]);
    expect(await docker.listNetworks({ filters: { label: [`deploy-code.stack=${blog}`] } })).toEqual([]);
  });

  it('refuses a name that another environment has, and gives it up when that stops', async () => {
    const [shop, other] = [named('shop'), named('other')];
    const host = `${shop}.example.com`;
    const expose = (path?: string) => ({ expose: { port: 8080, host, ...(path && { path }) } });
    expect(await deploy(stack(shop, '1'))).toMatchObject(succeeded);
    expect(await deploy(stack(other, '2', expose()))).toMatchObject({
      outcome: 'refused',
      refusals: [
        {
          path: 'services.web.expose',
          message: expect.stringContaining(`${host}/ on port ${port} belongs to ${shop}/test`) as string,
        },
      ],
    });
    expect(await deploy(stack(other, '2', { ...expose('/other'), strategy: 'recreate' }))).toMatchObject(succeeded);
    expect(await Promise.all([versionAt(host), versionAt(host, '/other/x')])).toEqual(['1', '2']);
    expect(await deploy(stack(shop, '3', { place: 'staging' }))).toMatchObject({ outcome: 'refused' });
    expect(await stop(stack(shop, '1'))).toMatchObject({ ...succeeded, leftBehind: [] });
    expect(await deploy(stack(other, '4', expose()))).toMatchObject(succeeded);
    expect(await versionAt(host)).toBe('4');
    expect(await versionAt(host, '/other')).toBe('4');
  });

  it('gives two environments of one stack a name each, and costs a dead one its own requests only', async () => {
    const shop = named('shop');
    const hostOf = (place: string) => `${place}.${shop}.example.com`;
    const at = (place: string, version: string) =>
      stack(shop, version, { place, expose: { port: 8080, host: hostOf(place) } });
    for (const [place, version] of [
      ['test', '1'],
      ['staging', '2'],
    ] as const)
      expect(await deploy(at(place, version))).toMatchObject(succeeded);
    await docker.getContainer(`${shop}-staging-load-balancer-1-d1`).stop();
    expect([await versionAt(hostOf('test')), await versionAt(hostOf('staging'))]).toEqual(['1', 502]);
    expect(await versionAt('unknown.example.com')).toBe(404);
  });

  it('passes requests on as they come, with the address of the client, which nobody forges', async () => {
    const shop = named('shop');
    const host = `${shop}.example.com`;
    expect(await deploy(stack(shop, '1', { replicas: 1 }))).toMatchObject(succeeded);
    const forged = { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https', 'x-real-ip': '1.2.3.4', api_key: 'k' };
    const { body } = await ask(host, '/some/path', forged);
    expect(body).not.toContain('1.2.3.4');
    const { headers } = JSON.parse(body) as { headers: Record<string, string> };
    const own = headers['x-real-ip']!;
    expect(headers).toMatchObject({
      host,
      api_key: 'k',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': String(port),
      'x-forwarded-host': host,
    });
    expect(headers['x-forwarded-for']!.split(', ')[0]).toBe(own);
    const shared = await docker.getContainer(sharedContainer(port)).inspect();
    expect(Object.values(shared.NetworkSettings.Networks).map(({ IPAddress }) => IPAddress)).not.toContain(own);
    const inside = await engine.client.exec(stack(shop, '1', { replicas: 1 }), `${shop}-test-web-1-d1`, [
      'node',
      '-e',
      `fetch('http://load-balancer:${port}/', {headers: {host: '${host}', 'x-forwarded-for': '1.2.3.4'}})` +
        `.then(async (answer) => console.log(await answer.text()))`,
    ]);
    expect(inside.output).not.toContain('1.2.3.4');
    const drip = await ask(host, '/drip');
    expect(drip.atMs.at(-1)! - drip.atMs[0]!).toBeGreaterThan(1000);
    expect((await ask(host, '/big?=40000')).status).toBe(200);
  });

  it('replaces the load balancer of an environment, and takes that back, without losing a request', async () => {
    const shop = named('shop');
    const at = (version: string, image: string, change: Data = {}, services: Data = {}) =>
      stack(shop, version, change, { image }, services);
    expect(await deploy(at('1', 'nginx:1.28'))).toMatchObject(succeeded);
    const requests = load(`${shop}.example.com`);
    await requests.answered(100);
    expect(await deploy(at('1', 'nginx:1.22'))).toMatchObject({ ...succeeded, changed: ['load-balancer'] });
    const late = { image: 'busybox:1', command: ['false'], phase: 9 };
    expect(await deploy(at('1', 'nginx:1.28', {}, { late }))).toMatchObject({ outcome: 'rolled_back', leftBehind: [] });
    await requests.answered(100);
    expect((await requests.stop()).failed).toEqual({});
    expect(await states(shop)).toEqual(['load-balancer-1-d2 running', 'web-1-d1 running']);
  });

  it('takes the port over from a load balancer of its own, and gives it back when that deployment fails', async () => {
    const shop = named('shop');
    const host = `${shop}.example.com`;
    const own = await anyPort();
    const at = (version: string, shared: boolean, change: Data = {}) =>
      stack(shop, version, change, { shared, http_port: own });
    const versionThere = async () => {
      const response = await askAt(own, host).catch(() => undefined);
      return response?.status === 200 ? (JSON.parse(response.body) as { version: string }).version : response?.status;
    };
    expect(await deploy(at('1', false))).toMatchObject(succeeded);
    const unhealthy = { environment: { UNHEALTHY: '1' }, health_check: quick };
    expect(await deploy(at('2', true, unhealthy))).toMatchObject({ outcome: 'rolled_back', leftBehind: [] });
    expect(await versionThere()).toBe('1');
    expect(await deploy(at('3', true))).toMatchObject({ ...succeeded, leftBehind: [] });
    expect(await versionThere()).toBe('3');
    const other = named('other');
    expect(await deploy(stack(other, '4', {}, { shared: false, http_port: own }))).toMatchObject({
      outcome: 'refused',
      refusals: [
        {
          path: 'infrastructure.load_balancer.http_port',
          message: expect.stringContaining('set infrastructure.load_balancer.shared: true to share it') as string,
        },
      ],
    });
    expect(await stop(at('3', true))).toMatchObject({ ...succeeded, leftBehind: [] });
    expect(await versionThere()).toBeUndefined();
  });

  it('passes TLS on by host name to the load balancer that has the certificate', async () => {
    const [shop, blog] = [named('shop'), named('blog')];
    const [plain, secure] = [await anyPort(), await anyPort()];
    const at = (name: string, version: string, change: Data = {}) => {
      const { certificate, key } = certificateFor(`${name}.example.com`);
      return stack(
        name,
        version,
        change,
        { http_port: plain, https_port: secure, tls: { certificate: 'cert', key: 'key' } },
        {},
        { secrets: { cert: { file: certificate }, key: { file: key } } },
      );
    };
    expect(await deploy(at(shop, '1'))).toMatchObject({ ...succeeded, leftBehind: [] });
    const host = `${shop}.example.com`;
    const requests = loadAt(`https://127.0.0.1:${secure}/`, host);
    await requests.answered(100);
    expect(await deploy(at(blog, '7'))).toMatchObject(succeeded);
    const forged = { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'http' };
    const answer = await askSecurely(secure, host, forged);
    expect(answer.subject).toBe(host);
    expect(answer.headers).toMatchObject({ host, 'x-forwarded-proto': 'https', 'x-forwarded-port': String(secure) });
    expect(answer.headers['x-forwarded-for']).toBe(answer.headers['x-real-ip']);
    const addresses = Object.values(
      (await docker.getContainer(sharedContainer(secure)).inspect()).NetworkSettings.Networks,
    ).map(({ IPAddress }) => IPAddress);
    expect(addresses).not.toContain(answer.headers['x-real-ip']);
    expect((await askSecurely(secure, `${blog}.example.com`)).subject).toBe(`${blog}.example.com`);
    expect((await askAt(plain, host, '/a')).status).toBe(308);
    await expect(askSecurely(secure, 'unknown.example.com')).rejects.toThrow(/ECONNRESET|hang up|disconnected/);
    expect(await deploy(stack(named('other'), '8', {}, { http_port: secure }))).toMatchObject({ outcome: 'refused' });
    expect(await stop(at(blog, '7'))).toMatchObject(succeeded);
    expect(await deploy(at(shop, '2'))).toMatchObject(succeeded);
    await requests.answered(100);
    expect((await requests.stop()).failed).toEqual({});
    expect(await stop(at(shop, '2'))).toMatchObject({ ...succeeded, leftBehind: [] });
  });

  it('comes back when somebody removes it, and goes with the last route', async () => {
    const shop = named('shop');
    expect(await deploy(stack(shop, '1', { replicas: 1 }))).toMatchObject(succeeded);
    await docker.getContainer(sharedContainer(port)).remove({ force: true });
    await eventually(async () => expect(await versionAt(`${shop}.example.com`)).toBe('1'), 60_000);
    for (const name of names)
      for (const place of ['test', 'staging'])
        if ((await states(name)).length > 0) await stop(stack(name, '1', { place }));
    await expect(docker.getContainer(sharedContainer(port)).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });
});
