import { setTimeout as sleep } from 'node:timers/promises';
import { addToStream } from '../../src/activities/subscribers/redis';
import { httpCall } from '../../src/guard/request';
import { withinDeadline } from '../../src/guard/deadline';
import type { Notification } from '../../src/model/notification';
import { freePort } from '../../src/worker/free-port';
import { hostilities, HostilePeer } from '../support/hostile-peer';

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
const notification: Notification = { id: '1', type: 'deployment.finished', at: 0, stack: 'shop', environment: 'test', deployment: 1, text: 'done', details: {} };
const redis = (port: number) => withinDeadline(deadlineMs, (signal) => addToStream({ url: `redis://127.0.0.1:${port}`, stream: 's', longest: 10 }, notification, 'pw', signal));

const callers: Caller[] = [
  { name: 'an HTTP call', opening: json, call: (port) => httpCall(`http://127.0.0.1:${port}/`, { deadlineMs, largest: 100_000 }) },
  { name: 'a call that reads no body', opening: 'HTTP/1.1 200 OK\r\nx: ', call: (port) => httpCall(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}', deadlineMs, largest: 0 }) },
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
      while (peer.open > 0) await sleep(10);
      expect(peer.sent).toBeLessThan(mostTaken);
    } finally {
      await peer.stop();
    }
  });
});

describe('a call over HTTP', () => {
  it('names neither its address nor a password in what it throws', async () => {
    const why = (address: string) => httpCall(address, { deadlineMs, largest: 10 }).catch((error: Error) => error.message);
    expect(await why('http://user:hunter2@127.0.0.1:1/')).toBe('the address holds a user or a password');
    expect(await why(`http://127.0.0.1:${await freePort()}/token-4711`)).toBe('ECONNREFUSED');
    expect(await why('ftp://127.0.0.1/')).toBe('the address is neither http nor https');
    expect(await why('hunter2')).toBe('the address is malformed');
  });

  it('ends when its caller gives it up', async () => {
    const peer = new HostilePeer('hangs');
    const port = await peer.start();
    const caller = new AbortController();
    const ended = httpCall(`http://127.0.0.1:${port}/`, { deadlineMs: 60_000, largest: 10, signal: caller.signal }).catch((error: Error) => error.message);
    while (peer.open === 0) await sleep(5);
    caller.abort(new Error('given up'));
    expect(await ended).toBe('given up');
    while (peer.open > 0) await sleep(5);
    await peer.stop();
  });
});
