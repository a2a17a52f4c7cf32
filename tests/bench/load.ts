import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { percentile } from './figure';

interface Load {
  connections: number;
  seconds: number;
  token?: string;
}

/** Answers a second, of as many requests as are answered. @throws Error unless each is answered with 200 */
export function load(url: string, { connections, seconds, token }: Load): Promise<number> {
  const headers = token === undefined ? {} : bearer(token);
  return new Promise((done, failed) => {
    autocannon({ url, connections, duration: seconds, headers }, (error: Error | null, result) => {
      const bad = result && result.non2xx + result.errors + result.timeouts;
      if (error || bad > 0) failed(error ?? new Error(`${url}: ${bad} requests were not answered with 200`));
      else done(result.requests.average);
    });
  });
}

/**
 * The 95th percentile of the times of answers, in ms, with one request a second of each connection, spread over the
 * second. @throws Error unless each is answered with 200
 */
export async function steadyLoad(url: string, { connections, seconds, token }: Required<Load>): Promise<number> {
  const times = await Promise.all(
    Array.from({ length: connections }, async (_, index) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const own: number[] = [];
      await sleep((index / connections) * 1000);
      for (let request = 0; request < seconds; request += 1) {
        const took = await timeOf(url, agent, token);
        own.push(took);
        await sleep(Math.max(0, 1000 - took));
      }
      agent.destroy();
      // The first one opens the connection.
      return own.slice(1);
    }),
  );
  return percentile(times.flat(), 95);
}

function timeOf(url: string, agent: Agent, token: string): Promise<number> {
  const begin = performance.now();
  return new Promise((done, failed) => {
    get(url, { agent, headers: bearer(token) }, (response) => {
      if (response.statusCode !== 200) failed(new Error(`${url}: answered with ${response.statusCode}`));
      response.resume().on('end', () => done(performance.now() - begin));
    }).on('error', failed);
  });
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
