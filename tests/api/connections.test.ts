import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { Agent, get as httpGet, type IncomingHttpHeaders } from 'node:http';
import { get as httpsGet } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApiServer, listenForLive } from '../../src/api';
import type { DirectClient } from '../../src/client';
import { newApiToken } from '../../src/guard/access/api-token';
import { freePort } from '../../src/guard/free-port';
import { makeCertificates } from '../support/certificates';

const { id, digest, text } = newApiToken();
const state = { bindings: [], tokens: { [id]: { subject: 'user:ana', digest, by: 'ana', at: 0 } } };
const client = (environments: () => Promise<object[]>) =>
  ({
    access: { state: async () => state, recordUses: async () => undefined },
    environments,
  }) as never as DirectClient;
const options = { host: { bound: '127.0.0.1', allowed: [] }, version: '0', onFailure: () => undefined };

function tls() {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-tls-'));
  makeCertificates(folder, { own: { address: '127.0.0.1', usage: 'serverAuth' } });
  const read = (name: string) => readFileSync(join(folder, name));
  return { cert: read('own-cert.pem'), key: read('own-key.pem'), minVersion: 'TLSv1.3' as const };
}

describe('connections', () => {
  it('stay open while a request is worked on, though nothing is sent meanwhile', async () => {
    const idleMs = 50;
    const server = await createApiServer({ ...options, client: client(() => sleep(10 * idleMs, [])) });
    server.server.timeout = idleMs;
    await server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/environments`, {
      headers: { authorization: `Bearer ${text}` },
    });
    expect(await answer.json()).toEqual({ environments: [] });
    await server.close();
  });

  it('at the port for live topics have nothing else, with TLS too', async () => {
    for (const more of [{}, { tls: tls() }]) {
      const livePort = await freePort();
      const server = await createApiServer({ ...options, ...more, livePort, client: client(async () => []) });
      await server.listen({ host: '127.0.0.1', port: 0 });
      const end = await listenForLive(server, { host: '127.0.0.1', port: livePort });
      const ask = (port: number, path: string) =>
        new Promise<number>((resolve, reject) => {
          const [get, kind] = 'tls' in more ? [httpsGet, 'https'] : [httpGet, 'http'];
          const headers = { authorization: `Bearer ${text}` };
          get(
            `${kind}://127.0.0.1:${port}/api/v1${path}`,
            { headers, agent: false, rejectUnauthorized: false },
            (got) => resolve(got.resume().statusCode!),
          ).on('error', reject);
        });
      const { port } = server.server.address() as AddressInfo;
      expect(await ask(port, '/whoami')).toBe(200);
      expect(await ask(livePort, '/whoami')).toBe(404);
      // The topics are missing: it is the route that says so.
      expect([await ask(port, '/live'), await ask(livePort, '/live')]).toEqual([400, 400]);
      end();
      await server.close();
    }
  });

  it('have to send their headers in time, with TLS too', async () => {
    for (const more of [{}, { tls: tls() }]) {
      const server = await createApiServer({ ...options, ...more, client: client(async () => []) });
      expect((server.server as { headersTimeout?: number }).headersTimeout).toBe(10_000);
      await server.close();
    }
  });

  it('of foreign pages are refused, and without a token wherever log-in is needed', async () => {
    const server = await createApiServer({ ...options, client: client(async () => []) });
    const ask = async (headers: Record<string, string>) =>
      (await server.inject({ url: '/api/v1/whoami', headers })).statusCode;
    const own = { host: '127.0.0.1:1', authorization: `Bearer ${text}` };
    expect(await ask({ host: own.host })).toBe(401);
    expect(await ask({ ...own, origin: 'http://127.0.0.1:1' })).toBe(200);
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1.evil.example', 'http://'])
      expect([origin, await ask({ ...own, origin })]).toEqual([origin, 403]);
    await server.close();
  });

  it('that are kept are closed with a problem while the server stops, and nothing waits for it', async () => {
    const begun = new EventEmitter();
    const server = await createApiServer({
      ...options,
      client: client(async () => {
        begun.emit('begun');
        return sleep(300, []);
      }),
    });
    await server.listen({ host: '127.0.0.1', port: 0 });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { port } = server.server.address() as AddressInfo;
    const ask = (path: string) =>
      new Promise<{ status: number; body: string; headers: IncomingHttpHeaders }>((resolve, reject) => {
        const headers = { authorization: `Bearer ${text}` };
        httpGet(`http://127.0.0.1:${port}/api/v1${path}`, { agent, headers }, (got) => {
          const read = got.toArray().then((parts) => parts.join(''));
          read.then((body) => resolve({ status: got.statusCode!, body, headers: got.headers }), reject);
        }).on('error', reject);
      });
    const answers = Promise.all([ask('/environments'), ask('/whoami')]);
    await once(begun, 'begun');
    const closed = server.close();
    const [first, second] = await answers;
    expect(first.status).toBe(200);
    expect(second).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1', connection: 'close', 'content-type': 'application/problem+json' },
    });
    expect(JSON.parse(second.body)).toMatchObject({ code: 'stopping', retryAfter: 1 });
    await closed;
    agent.destroy();
  });

  it('are counted together for the whole network that somebody has in IPv6', async () => {
    const server = await createApiServer({ ...options, client: client(async () => []), perMinute: 3 });
    const statuses: number[] = [];
    for (const remoteAddress of ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8::4', '2001:db8:0:1::1'])
      statuses.push(
        (await server.inject({ url: '/api/v1/openapi.json', headers: { host: '127.0.0.1' }, remoteAddress }))
          .statusCode,
      );
    expect(statuses).toEqual([200, 200, 200, 429, 200]);
    await server.close();
  });

  it('of this machine need no token where the server says so, from no other host or page', async () => {
    const server = await createApiServer({ ...options, client: client(async () => []), anyone: 'user:ana' });
    const ask = (headers: Record<string, string>) => server.inject({ url: '/api/v1/whoami', headers });
    const host = '127.0.0.1:1';
    expect((await ask({ host })).json()).toMatchObject({ subject: 'user:ana', roles: [{ role: 'admin', scope: '*' }] });
    expect((await ask({ host, authorization: 'Bearer wrong' })).statusCode).toBe(401);
    expect((await ask({ host: 'evil.example' })).statusCode).toBe(400);
    expect((await ask({ host, origin: 'https://evil.example' })).statusCode).toBe(403);
    expect((await ask({ host, origin: 'http://127.0.0.1:2' })).statusCode).toBe(403);
    for (const [site, status] of Object.entries({ 'cross-site': 403, 'same-site': 403, 'same-origin': 200, none: 200 }))
      expect([site, (await ask({ host, 'sec-fetch-site': site })).statusCode]).toEqual([site, status]);
    expect((await ask({ host, origin: `http://${host}` })).statusCode).toBe(200);
    await server.close();
    const open = { ...options, host: { bound: '0.0.0.0' }, client: client(async () => []), anyone: 'user:ana' };
    await expect(createApiServer(open)).rejects.toThrow('must listen on loopback');
  });
});
