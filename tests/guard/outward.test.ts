import type { LookupOptions } from 'node:dns';
import { probe } from '../../src/activities/health/probe';
import { Vault } from '../../src/activities/secrets/vault';
import type { Probe } from '../../src/model/instance';
import { KubernetesApi } from '../../src/runtimes/kubernetes/api';
import type { Runtime } from '../../src/runtimes/runtime';
import { addToStream } from '../../src/activities/subscribers/redis';
import { lookupElsewhere } from '../../src/guard/addresses';
import { httpCall } from '../../src/guard/request';
import { withinDeadline } from '../../src/guard/deadline';
import type { Notification } from '../../src/model/notification';
import { freePort } from '../../src/guard/free-port';
import { hostilities, HostilePeer } from '../support/hostile-peer';
import { until } from '../support/until';

const deadlineMs = 500;
/** What the connection and its buffers hold besides what a caller reads. */
const mostTaken = 32 * 1024 * 1024;

interface Caller {
  name: string;
  /** How a good peer would begin, so that the caller goes on reading. */
  opening: string;
  /** Rejects, or resolves with what is wrong with the peer. */
  call: (port: number) => Promise<unknown>;
}

const json = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"data":"';
const notification: Notification = {
  id: '1',
  type: 'deployment.finished',
  at: 0,
  stack: 'shop',
  environment: 'test',
  deployment: 1,
  text: 'done',
  details: {},
};
const redis = (port: number) =>
  withinDeadline(deadlineMs, (signal) =>
    addToStream({ url: `redis://127.0.0.1:${port}`, stream: 's', longest: 10 }, notification, 'pw', signal),
  );
const redisAt = (host: string) =>
  withinDeadline(deadlineMs, (signal) =>
    addToStream({ url: `redis://${host}:1`, stream: 's', longest: 10 }, notification, 'pw', signal),
  ).catch((error: Error) => error.message);

const vault = (port: number) =>
  new Vault(
    { VAULT_ADDR: `http://127.0.0.1:${port}`, VAULT_TOKEN: 't' },
    { timeoutMs: deadlineMs, largestAnswer: 100_000 },
  ).read('db', { mount: 'secret', path: 'shop/db', key: 'password' });
const cluster = (port: number) => {
  const connection = {
    name: 'test',
    server: new URL(`http://127.0.0.1:${port}`),
    security: async () => ({ headers: {} }),
  } as unknown as ConstructorParameters<typeof KubernetesApi>[0];
  return new KubernetesApi(connection, {
    answerMs: deadlineMs,
    watchMs: 2 * deadlineMs,
    largest: 100_000,
    longestEvent: 100_000,
  });
};
const instance = (port: number) => ({ address: async () => ({ host: '127.0.0.1', port }) }) as unknown as Runtime;
const probeOf = (check: Probe) => (port: number) =>
  probe(instance(port), 'api-1', {
    probe: check,
    timeoutMs: deadlineMs,
    intervalMs: 1000,
    retries: 1,
    startPeriodMs: 0,
  });

const callers: Caller[] = [
  { name: 'a question to Vault', opening: json, call: vault },
  { name: 'a question to a cluster', opening: json, call: (port) => cluster(port).get('/api/v1/pods') },
  {
    name: 'a refusal of a cluster',
    opening: 'HTTP/1.1 500 Oops\r\n\r\n',
    call: (port) => cluster(port).get('/api/v1/pods'),
  },
  {
    name: 'a watch of a cluster',
    opening: json,
    call: (port) => cluster(port).watch('/api/v1/pods', {}, () => undefined, new AbortController().signal),
  },
  { name: 'a log of a cluster', opening: json, call: (port) => cluster(port).text('/api/v1/namespaces/a/pods/b/log') },
  {
    name: 'a health probe that is answered with headers',
    opening: 'HTTP/1.1 200 OK\r\nx: ',
    call: probeOf({ kind: 'http', scheme: 'http', port: 1, path: '/', headers: {} }),
  },
  {
    name: 'an HTTP call',
    opening: json,
    call: (port) => httpCall(`http://127.0.0.1:${port}/`, { deadlineMs, largest: 100_000 }),
  },
  {
    name: 'a call that reads no body',
    opening: 'HTTP/1.1 200 OK\r\nx: ',
    call: (port) => httpCall(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}', deadlineMs, largest: 0 }),
  },
  { name: 'a delivery to Redis', opening: '+OK\r\n$1000\r\n', call: redis },
  { name: 'a delivery to Redis that gets no reply at all', opening: '', call: redis },
];

describe.each(hostilities)('a peer that %s', (hostility) => {
  it.each(callers)('ends $name, and its connection', async ({ opening, call }) => {
    const peer = new HostilePeer(hostility, opening);
    const port = await peer.start();
    try {
      const problem = await call(port).catch((error: Error) => error.message);
      expect(typeof problem).toBe('string');
      await until(() => peer.open === 0);
      expect(peer.sent).toBeLessThan(mostTaken);
    } finally {
      await peer.stop();
    }
  });
});

it('a health probe reads little of an answer without end, and is content', async () => {
  const peer = new HostilePeer('sends without end', 'HTTP/1.1 200 OK\r\n\r\n');
  const port = await peer.start();
  expect(await probeOf({ kind: 'http', scheme: 'http', port: 1, path: '/', headers: {} })(port)).toBeUndefined();
  await until(() => peer.open === 0);
  expect(peer.sent).toBeLessThan(mostTaken);
  await peer.stop();
});

it.each([
  '/api/v1/namespaces/a/pods/../secrets',
  '/api/v1/pods?x=1',
  '//evil.invalid/api',
  '/api/v1/namespaces//pods',
  '/api/v1/pods/a%2fb',
  '/api/v1/namespaces/a/pods/b/proxy/../../secrets',
  '/api/v1/namespaces/a/pods/b/proxy/..%2f..',
  '/apis\\x',
  'api/v1',
  '/other',
])('a cluster is asked for nothing at %j', async (path) => {
  const peer = new HostilePeer('hangs');
  const port = await peer.start();
  await expect(cluster(port).get(path)).rejects.toThrow(
    'a name contains a path to another endpoint; no request was sent to the Kubernetes API',
  );
  expect(peer.most).toBe(0);
  await peer.stop();
});

describe('a call over HTTP', () => {
  it('names neither its address nor a password in what it throws', async () => {
    const why = (address: string) =>
      httpCall(address, { deadlineMs, largest: 10 }).catch((error: Error) => error.message);
    expect(await why('http://user:hunter2@127.0.0.1:1/')).toBe('the address contains a user or a password');
    expect(await why(`http://127.0.0.1:${await freePort()}/token-4711`)).toBe('ECONNREFUSED');
    expect(await why('ftp://127.0.0.1/')).toBe('the address is neither http nor https');
    expect(await why('hunter2')).toBe('the address is malformed');
  });

  it('goes to no address of the surroundings of its machine where it is told so, by name or by number', async () => {
    const why = (address: string) =>
      httpCall(address, { deadlineMs, largest: 10, elsewhere: true }).catch((error: Error) => error.message);
    expect(await why('http://169.254.169.254/latest')).toBe(
      '169.254.169.254 is a link-local or metadata address, which stack files may not use',
    );
    expect(await why(`http://localhost:${await freePort()}/`)).toBe('ECONNREFUSED');
    const led = (name: string, options: LookupOptions) =>
      new Promise((resolve) =>
        lookupElsewhere(name, options, (error, address) => resolve(error ? error.message : address)),
      );
    const refused =
      'its name resolves to 169.254.169.254, a link-local or metadata address, which stack files may not use';
    expect([await led('0xa9fea9fe', { all: true }), await led('0xa9fea9fe', {})]).toEqual([refused, refused]);
    expect(await led('127.0.0.1', { all: true })).toEqual([{ address: '127.0.0.1', family: 4 }]);
    expect(await redisAt('0xa9fea9fe')).toBe(`no answer (${refused})`);
  });

  it('ends when its caller gives it up', async () => {
    const peer = new HostilePeer('hangs');
    const port = await peer.start();
    const caller = new AbortController();
    const ended = httpCall(`http://127.0.0.1:${port}/`, {
      deadlineMs: 60_000,
      largest: 10,
      signal: caller.signal,
    }).catch((error: Error) => error.message);
    await until(() => peer.open > 0);
    caller.abort(new Error('given up'));
    expect(await ended).toBe('given up');
    await until(() => peer.open === 0);
    await peer.stop();
  });
});
