import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { may } from '../../src/api/access/authorise';
import type { DirectClient } from '../../src/client';
import { freePort } from '../../src/guard/free-port';
import { stackOf } from '../support/stack';
import { succeed, withEngine } from './engine';
import { median, ms, ratio, timed, type Figure } from './figure';
import { bearer, load, steadyLoad } from './load';

const rounds = 3;
const usual = { connections: 50, seconds: 5 };
const many = 500;
/** Between two deployments; without one, the processes that start would take both cores. */
const pauseMs = 2000;
const watchers = 1000;
const services = 5;

/** The server: its reads against a bare Fastify, and what it takes when many use it. */
export async function server(): Promise<Figure[]> {
  return withEngine(async (client, _, address) => {
    await client.access.grant({ subject: 'user:ana', role: 'admin', scope: '*' });
    const [first, second] = [new BenchServer(address), new BenchServer(address)];
    try {
      await first.start();
      await second.start();
      const { token } = await client.access.createToken('user:ana');
      return [
        { name: 'server: start', value: ms(first.readyMs), unit: 'ms', bar: 1000, detail: 'until it answers' },
        permissionCheck(),
        ...(await beside(first, token, async (bare) => [
          await reads(first, bare, token),
          await underLoad(client, first, bare, token),
        ])),
        await manyWatchers(client, first),
        await revocation(client, first, second),
      ];
    } finally {
      await (await client.stop(processes(0))).result();
      await first.stop();
      await second.stop();
    }
  });
}

/** Measures beside a bare Fastify with the same bytes. */
async function beside(
  of: BenchServer,
  token: string,
  measure: (bare: BareServer) => Promise<Figure[]>,
): Promise<Figure[]> {
  const bare = new BareServer();
  await bare.start(await fetch(of.url('/whoami'), { headers: bearer(token) }));
  try {
    return await measure(bare);
  } finally {
    await bare.stop();
  }
}

/** Reads that are answered from memory, with their token checked and counted. */
async function reads(of: BenchServer, bare: BareServer, token: string): Promise<Figure> {
  const rates = { own: [] as number[], bare: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    rates.bare.push(await load(bare.url, usual));
    rates.own.push(await load(of.url('/whoami'), { ...usual, token }));
  }
  const [own, base] = [median(rates.own), median(rates.bare)];
  return {
    name: 'server: reads from memory, against a bare Fastify with the same bytes',
    value: ratio(base / own),
    unit: 'x',
    bar: ratio(1 / 0.6),
    detail: `${Math.round(own)} and ${Math.round(base)} requests a second, medians of ${rounds}`,
  };
}

async function underLoad(client: DirectClient, of: BenchServer, bare: BareServer, token: string): Promise<Figure> {
  const isOver = new AbortController();
  const deployments = (async () => {
    for (let version = 1; !isOver.signal.aborted; version += 1) {
      await succeed(client, processes(version));
      await sleep(pauseMs);
    }
  })();
  const base = await steadyLoad(bare.url, { connections: many, seconds: 10, token });
  const p95 = await steadyLoad(of.url('/whoami'), { connections: many, seconds: 10, token });
  isOver.abort();
  await deployments;
  return {
    name: `server: 95th percentile with ${many} connections while deployments run`,
    value: ms(p95),
    unit: 'ms',
    bar: 100,
    detail: `one request a second of each connection; of the bare Fastify ${ms(base)} ms`,
  };
}

async function manyWatchers(client: DirectClient, of: BenchServer): Promise<Figure> {
  const tokens = await viewers(client);
  const before = of.memory();
  const handle = await client.deploy(processes(0, 2000));
  const id = handle.id.split('/')[3]!;
  const url = of.url(`/environments/bench/default/deployments/${id}/events`);
  const streams = await Promise.all(
    Array.from({ length: watchers }, (_, index) => openStream(url, tokens[index % tokens.length]!)),
  );
  await handle.result();
  await Promise.all(streams.map((stream) => once(stream.resume(), 'end')));
  return {
    name: `server: ${watchers} watchers of one deployment`,
    value: of.peakMemory() - before,
    unit: 'MiB',
    bar: 200,
    detail: `peak of the process above ${before} MiB`,
  };
}

/** A subject has at most a hundred streams. */
function viewers(client: DirectClient): Promise<string[]> {
  return Promise.all(
    Array.from({ length: watchers / 50 }, async (_, index) => {
      const subject = `user:viewer-${index}`;
      await client.access.grant({ subject, role: 'viewer', scope: 'bench' });
      return (await client.access.createToken(subject)).token;
    }),
  );
}

async function revocation(client: DirectClient, first: BenchServer, second: BenchServer): Promise<Figure> {
  const { id, token } = await client.access.createToken('user:ana');
  const status = async (of: BenchServer) => (await fetch(of.url('/whoami'), { headers: bearer(token) })).status;
  if ((await status(first)) !== 200 || (await status(second)) !== 200) throw new Error('the token is not let in');
  const admin = (await client.access.createToken('user:ana')).token;
  const revoked = await fetch(first.url(`/access/tokens/${id}`), { method: 'DELETE', headers: bearer(admin) });
  if (revoked.status !== 204) throw new Error(`the token was not revoked: ${await revoked.text()}`);
  const took = await timed(async () => {
    while ((await status(second)) === 200) await sleep(10);
  });
  const detail = 'revoked at one server, until another refuses it';
  return { name: 'server: a revoked token', value: ms(took), unit: 'ms', bar: 5000, detail };
}

function permissionCheck(): Figure {
  const roles = Array.from({ length: 50 }, (_, index) => ({ role: 'operator', scope: `stack-${index}/test` }) as const);
  const caller = { subject: 'user:ana', token: '', roles };
  const place = { stack: 'stack-49', environment: 'test' };
  const checks = 100_000;
  const begin = performance.now();
  for (let check = 0; check < checks; check += 1) may(caller, 'deployment.request', place);
  const microseconds = ((performance.now() - begin) * 1000) / checks;
  const detail = 'of somebody with 50 roles';
  return { name: 'server: permission check', value: ratio(microseconds), unit: 'µs', bar: 50, detail };
}

const processes = (version: number, sleepMs = 0) =>
  stackOf({
    name: 'bench',
    environment: 'default',
    infrastructure: { container_runtime: 'Process' },
    services: Object.fromEntries(
      Array.from({ length: services }, (_, index) => [
        `s${index}`,
        { command: ['sleep', '1000'], environment: { VERSION: `${version} ${sleepMs}` }, stop_grace_period: '1s' },
      ]),
    ),
  });

function openStream(url: string, token: string): Promise<IncomingMessage> {
  return new Promise((done, failed) => {
    get(url, { headers: bearer(token), agent: false }, (response) =>
      response.statusCode === 200 ? done(response) : failed(new Error(`a watcher got status ${response.statusCode}`)),
    ).on('error', failed);
  });
}

/** A process that listens on a port, from its start to its end. */
class Listening {
  readyMs = 0;
  protected port = 0;
  protected child?: ChildProcess;

  protected async run(words: (port: number) => string[], environment: Record<string, string> = {}): Promise<void> {
    this.port = await freePort();
    const begin = performance.now();
    const child = spawn(process.execPath, words(this.port), {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    });
    this.child = child;
    await once(createInterface(child.stdout), 'line');
    this.readyMs = performance.now() - begin;
  }

  async stop(): Promise<void> {
    if (!this.child || this.child.exitCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await gone;
  }
}

class BareServer extends Listening {
  /** Sends the same bytes as an answer; those of the connection are its own. */
  async start(answer: Response): Promise<void> {
    const own = ['date', 'connection', 'keep-alive', 'content-length'];
    const headers = Object.fromEntries([...answer.headers].filter(([name]) => !own.includes(name)));
    const body = await answer.text();
    const program = resolve('.deploy-code/programs/tests/bench/bare-server.js');
    return this.run((port) => [program, String(port), JSON.stringify(headers), body]);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }
}

/** `deploy-code server` as a team runs it. */
class BenchServer extends Listening {
  constructor(private readonly address: string) {
    super();
  }

  async start(): Promise<void> {
    const inner = await freePort();
    const words = ['--port', '--inner-port', '--per-minute'];
    await this.run(
      (port) => [
        resolve('bin/deploy-code'),
        'server',
        '--address',
        this.address,
        ...words.flatMap((word, index) => [word, String([port, inner, 1_000_000_000][index])]),
      ],
      { XDG_CONFIG_HOME: mkdtempSync(join(tmpdir(), 'deploy-code-bench-')) },
    );
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}/api/v1${path}`;
  }

  /** In MiB; Linux only. */
  memory(): number {
    return this.status('VmRSS');
  }

  peakMemory(): number {
    return this.status('VmHWM');
  }

  private status(field: string): number {
    const status = readFileSync(`/proc/${this.child!.pid}/status`, 'utf8');
    return Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)![1]) / 1024);
  }
}
