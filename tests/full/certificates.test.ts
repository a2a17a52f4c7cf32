import { get } from 'node:https';
import { request } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Stack } from '../../src/client';
import { sharedContainer } from '../../src/model/traffic';
import { freePort } from '../../src/guard/free-port';
import { docker, wipe } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { Load } from '../support/load';
import { imageWithStreams } from '../support/nginx';
import { describeUnless, missingPart } from '../support/parts';
import { missingPebble, Pebble } from '../support/pebble';
import { stackOf, uniqueName } from '../support/stack';
import { webApp } from '../support/web-app';

type Data = Record<string, unknown>;

jest.setTimeout(600_000);

const longMs = 120_000;

describeUnless(missingPart('docker') ?? missingPebble(), 'certificates by themselves', () => {
  let engine: TestEngine;
  let pebble: Pebble;
  let [port, securePort] = [0, 0];
  const names: string[] = [];

  beforeAll(async () => {
    [port, securePort] = [await freePort(), await freePort()];
    pebble = await Pebble.start({ httpPort: port, lifetime: 60 });
    engine = await startEngine('certificates', {
      sharedImage: imageWithStreams(),
      acme: { directory: pebble.directory, authorities: pebble.authority },
    });
  });
  afterEach(async () => {
    for (const name of names.splice(0)) {
      await engine.client.stop(stackOf(stackFile(name))).then(
        (stopped) => stopped.result(),
        () => undefined,
      );
      await wipe(name);
    }
  });
  afterAll(async () => {
    for (const each of [port, securePort])
      await docker
        .getContainer(sharedContainer(each))
        .remove({ force: true })
        .catch(() => undefined);
    await engine.close();
    pebble.stop();
  });

  const named = (base: string) => {
    names.push(uniqueName(base));
    return names.at(-1)!;
  };
  const stackFile = (name: string, hosts = [`${name}.example.com`], settings: Data = {}): Data => ({
    name,
    environment: 'test',
    infrastructure: {
      load_balancer: { image: 'nginx:1.28', http_port: port, https_port: securePort, tls: 'auto', ...settings },
    },
    configs: { app: { content: webApp } },
    services: {
      web: {
        image: 'node:20',
        command: ['node', '/app.js'],
        configs: { app: '/app.js' },
        environment: { VERSION: '1' },
        expose: hosts.map((host) => ({ port: 8080, host })),
        health_check: { http: ':8080/healthz', interval: '500ms', start_period: '20s' },
        stop_grace_period: '2s',
      },
    },
  });
  const deploy = async (of: Stack) => {
    expect(await (await engine.client.deploy(of)).result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
  };
  const placeOf = (name: string) => ({ stack: name, environment: 'test' });
  const statusOf = async (name: string) => (await engine.client.loadBalancer(placeOf(name))).certificate;

  /** The certificate of a host, which has to be signed by `ca`. */
  const certificateOf = (host: string, ca?: string) =>
    new Promise<{ status: number; serial: string; issuer: string }>((resolve, reject) => {
      const trust = ca === undefined ? { rejectUnauthorized: false } : { ca };
      const options = { host: '127.0.0.1', port: securePort, servername: host, headers: { host }, agent: false };
      get({ ...options, ...trust }, (answer) => {
        const { serialNumber, issuer } = (answer.socket as TLSSocket).getPeerCertificate();
        answer
          .resume()
          .once('end', () => resolve({ status: answer.statusCode!, serial: serialNumber, issuer: String(issuer.CN) }));
      }).once('error', reject);
    });
  const isTrusted = async (host: string) =>
    expect(await certificateOf(host, await pebble.root())).toMatchObject({ status: 200 });
  const plain = (host: string, path: string) =>
    new Promise<{ status?: number; location?: string }>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, headers: { host }, agent: false }, (answer) => {
        answer.resume().once('end', () => resolve({ status: answer.statusCode, location: answer.headers.location }));
      })
        .once('error', reject)
        .end();
    });

  it('serves a certificate of its own, gets one, renews it under load, and keeps it over a replacement', async () => {
    const name = named('shop');
    const host = `${name}.example.com`;
    await deploy(stackOf(stackFile(name)));
    expect((await certificateOf(host)).status).toBe(200);
    await eventually(() => isTrusted(host), longMs);
    const first = await certificateOf(host);
    expect(await plain(host, '/somewhere')).toMatchObject({ status: 308 });
    expect(await plain(host, '/.well-known/acme-challenge/unknown-token')).toMatchObject({ status: 404 });
    expect(await statusOf(name)).toMatchObject({
      hosts: [host],
      directory: pebble.directory,
      current: { hosts: [host], issuer: expect.stringContaining('Pebble') as string },
      renewAt: expect.any(Number) as number,
    });

    const load = new Load({ url: `https://127.0.0.1:${securePort}/`, connections: 5, headers: { host } });
    await eventually(async () => {
      expect((await statusOf(name))?.trouble).toBeUndefined();
      expect((await certificateOf(host)).serial).not.toBe(first.serial);
    }, longMs);
    await isTrusted(host);
    const { failed, sent } = await load.stop();
    expect(failed).toEqual({});
    expect(sent).toBeGreaterThan(100);

    const renewed = (await statusOf(name))!.current!.version;
    const moved = stackFile(name);
    await deploy(
      stackOf({
        ...moved,
        infrastructure: {
          load_balancer: { image: 'nginx:1.22', http_port: port, https_port: securePort, tls: 'auto' },
        },
      }),
    );
    await isTrusted(host);
    expect((await statusOf(name))!.current!.version).toMatch(/^[0-9a-f]{16}$/);
    expect(renewed).toMatch(/^[0-9a-f]{16}$/);
  });

  it('shows what the CA refuses, and gets the certificate once the names are right', async () => {
    const name = named('lost');
    const hosts = [`${name}.example.com`, `www-${name}.example.com`];
    await pebble.lose(hosts[1]!);
    await deploy(stackOf(stackFile(name, hosts)));
    await eventually(async () => {
      const { trouble, current } = (await statusOf(name))!;
      expect(current).toBeUndefined();
      expect(trouble).toMatchObject({ message: expect.stringContaining(hosts[1]!) as string });
      expect(trouble!.message).toContain('could not resolve');
      expect(trouble!.retryAt).toBeGreaterThan(trouble!.since);
    }, longMs);
    expect((await certificateOf(hosts[0]!)).status).toBe(200);

    await deploy(stackOf(stackFile(name, [hosts[0]!])));
    await eventually(() => isTrusted(hosts[0]!), longMs);
    await pebble.find(hosts[1]!);
    await deploy(stackOf(stackFile(name, hosts)));
    await eventually(() => isTrusted(hosts[1]!), longMs);
    expect(await statusOf(name)).toMatchObject({ hosts, current: { hosts } });
    expect(await statusOf(name)).not.toHaveProperty('trouble');
  });

  it('gets one for each environment behind the shared load balancer, and ends with stop', async () => {
    const [one, other] = [named('one'), named('other')];
    for (const name of [one, other]) await deploy(stackOf(stackFile(name, undefined, { shared: true })));
    for (const name of [one, other]) await eventually(() => isTrusted(`${name}.example.com`), longMs);
    expect(await engine.client.loadBalancer(placeOf(one))).toMatchObject({
      shared: { ports: [port, securePort].sort((a, b) => a - b) },
      certificate: { hosts: [`${one}.example.com`] },
    });
    const stopped = await engine.client.stop(stackOf(stackFile(one, undefined, { shared: true })));
    expect(await stopped.result()).toMatchObject({ outcome: 'succeeded' });
    expect(await engine.client.loadBalancer(placeOf(one))).toEqual({});
    await isTrusted(`${other}.example.com`);
  });
});
