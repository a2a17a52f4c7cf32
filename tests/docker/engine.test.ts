import { createServer, type Server } from 'node:http';
import fc from 'fast-check';
import { attach } from '../../src/runtimes/docker/networks/attach';
import { credentialsFor } from '../../src/runtimes/docker/images/credentials';
import { createDockerRuntime } from '../../src/runtimes/docker';
import { Engine } from '../../src/runtimes/docker/api/engine';
import { exec } from '../../src/runtimes/docker/exec';
import { pull } from '../../src/runtimes/docker/images';
import { ProbeCommands } from '../../src/runtimes/docker/exec/probe-commands';
import type { SecretReader } from '../../src/runtimes/runtime';
import { spec } from '../runtimes/contract';
import { hostilities, HostilePeer } from '../support/hostile-peer';
import { listenLocally, stopListening } from '../support/local-server';
import { until } from '../support/until';

const local = (port: number | string) => ({ protocol: 'http' as const, host: '127.0.0.1', port: Number(port) });
const scope = { stack: 'shop', environment: 'test' };
const id = 'a'.repeat(64);

describe('a name that is none', () => {
  const hostile = [
    '../containers/victim?force=1&x=',
    '../../..//evil.invalid/y',
    '//evil.invalid/y',
    'a/../../b',
    'a?force=1',
    'a#b',
    'a%2f..%2fb',
    '',
    '.',
    '..',
    'a b',
    'a\r\nx: y',
    'é',
    'a/json',
    '-a',
  ];
  let asked: string[];
  let server: Server;
  let port: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url!);
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"no such thing"}');
    });
    ({ port } = new URL(await listenLocally(server)));
  });
  beforeEach(() => {
    asked = [];
  });
  afterAll(() => stopListening(server));
  const engine = () => new Engine(local(port));
  const runtime = () =>
    createDockerRuntime({} as SecretReader, { docker: engine(), local: false, address: '127.0.0.1' }).within(scope);

  it.each(hostile)('%j reaches no endpoint of the engine', async (name) => {
    const own = runtime();
    const calls = [
      () => own.inspect(name),
      () => own.networks!.remove(name),
      () => own.volumes!.remove(name),
      () => own.logs(name, { tail: 1 }),
    ];
    for (const call of calls)
      await expect(call()).rejects.toMatchObject({
        kind: 'software',
        message: expect.stringContaining('no request was sent to the Docker Engine'),
      });
    if (name !== 'a/json')
      for (const call of [
        () => own.images!.find([name]),
        () => own.images!.ensure({ reference: name, policy: 'always' }, () => undefined),
      ])
        await expect(call()).rejects.toMatchObject({ kind: 'software' });
    expect(asked).toEqual([]);
  });

  it.each(['host', 'none', 'default', 'bridge', 'container:victim'])(
    'of a network, %j, gets no container made',
    async (name) => {
      const instance = spec('api', { ...scope, image: 'api:1', networks: [{ name, aliases: [] }] });
      const refusal = { kind: 'software', message: expect.stringContaining('is a network mode of Docker') };
      const byMode = spec('api', { ...scope, image: 'api:1', networkMode: `network:${name}` });
      for (const each of [instance, byMode]) await expect(runtime().create(each)).rejects.toMatchObject(refusal);
      await expect(
        attach({ docker: engine(), local: false, address: '127.0.0.1' }, 'api-1', instance.networks),
      ).rejects.toMatchObject(refusal);
      expect(asked).toEqual([]);
    },
  );

  it('reaches none whatever it is: a path is asked for as it was meant, or nothing is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('.', '/', '?', 'a', ':', '@', '%', '2', 'f', '-') })),
        async (name) => {
          asked = [];
          const looks = [
            async () => engine().getContainer(name).inspect(),
            async () => engine().getNetwork(name).inspect(),
            async () => engine().getVolume(name).inspect(),
          ];
          await Promise.allSettled(looks.map((look) => look()));
          for (const path of asked)
            expect([`/containers/${name}/json`, `/networks/${name}`, `/volumes/${name}`]).toContain(path);
          asked = [];
          await Promise.allSettled([(async () => engine().getImage(name).inspect())()]);
          for (const path of asked) expect(path).toBe(`/images/${name}/json`);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is pulled from nowhere, and no credentials are looked up for it', async () => {
    for (const name of hostile.filter((each) => each !== 'a/json')) {
      await expect(
        pull({ docker: engine(), local: false, address: '' }, { reference: name }, () => undefined),
      ).rejects.toMatchObject({
        kind: 'software',
      });
      await expect(credentialsFor(name)).rejects.toThrow('is not a valid image name');
    }
    expect(asked).toEqual([]);
  });

  it('is told from the names that there are', async () => {
    for (const name of [
      'postgres:15',
      'ghcr.io/acme/api:1',
      'localhost:5000/a/b-c__d.e',
      `acme/api@sha256:${id}`,
      `sha256:${id}`,
      '[::1]:5000/api:x',
      `a:1@sha256:${id}`,
    ])
      await engine()
        .getImage(name)
        .inspect()
        .catch(() => undefined);
    expect(asked).toHaveLength(7);
  });
});

it('an engine that redirects is not followed', async () => {
  let isFollowed = false;
  const elsewhere = createServer((_, response) => {
    isFollowed = true;
    response.end('{}');
  });
  const there = await listenLocally(elsewhere);
  const server = createServer((_, response) => response.writeHead(301, { location: `${there}/` }).end());
  const { port } = new URL(await listenLocally(server));
  await expect(new Engine(local(port)).info()).rejects.toThrow('301');
  expect(isFollowed).toBe(false);
  stopListening(server);
  stopListening(elsewhere);
});

describe.each(hostilities)('an engine that %s', (hostility) => {
  const limits = { silenceMs: 500, totalMs: 1000, longestLine: 1000 };
  const ok = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n';
  const framed = `HTTP/1.1 101 UPGRADED\r\nconnection: Upgrade\r\nupgrade: tcp\r\n\r\n`;
  const connection = (port: number) => ({
    docker: new Engine(local(port), { answerMs: 500, largest: 100_000 }),
    local: false,
    address: '',
  });
  it.each([
    ['a question', `${ok}{"a":"`, (port: number) => connection(port).docker.info()],
    [
      'a refusal',
      'HTTP/1.1 500 Oops\r\n\r\n{"message":"',
      (port: number) => connection(port).docker.getContainer('a').inspect(),
    ],
    ['a stream that is refused', 'HTTP/1.1 500 Oops\r\n\r\n', (port: number) => connection(port).docker.getEvents()],
    [
      'a pull',
      `${ok}{"status":"Pulling"}\r\n`,
      (port: number) => pull(connection(port), { reference: 'a:1' }, () => undefined, undefined, limits),
    ],
    ['a command', framed, (port: number) => exec(connection(port), id, ['true'], 500)],
  ] as const)('ends %s, and its connection', async (_, opening, call) => {
    const peer = new HostilePeer(hostility, opening);
    const port = await peer.start();
    await expect(call(port)).rejects.toThrow();
    await until(() => peer.open === 0);
    expect(peer.sent).toBeLessThan(32 * 1024 * 1024);
    await peer.stop();
  });
});

describe('a command in a container', () => {
  /** An engine whose commands hang, and end when somebody says so. */
  class HangingEngine {
    isRunning = true;
    started = 0;
    largest = 0;
    private readonly server = createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      if (request.url!.endsWith('/exec')) return void response.writeHead(201).end(JSON.stringify({ Id: id }));
      if (request.url!.endsWith('/json'))
        return void response.end(JSON.stringify({ Running: this.isRunning, ExitCode: 0 }));
      response.end('{}');
    });

    async start(output = Buffer.alloc(0)): Promise<{ docker: Engine; local: boolean; address: string }> {
      this.server.on('upgrade', (_, socket) => {
        this.started += 1;
        socket
          .on('error', () => undefined)
          .write('HTTP/1.1 101 UPGRADED\r\nconnection: Upgrade\r\nupgrade: tcp\r\n\r\n');
        if (output.length > 0) socket.end(output);
      });
      const { port } = new URL(await listenLocally(this.server));
      return { docker: new Engine(local(port)), local: false, address: '' };
    }

    stop(): void {
      stopListening(this.server);
    }
  }

  let engine: HangingEngine;
  beforeEach(() => void (engine = new HangingEngine()));
  afterEach(() => engine.stop());

  it('that cannot be ended is run no second time as a probe until it is over', async () => {
    const probes = new ProbeCommands(await engine.start());
    const both = [probes.run(id, ['hang'], 100), probes.run(id, ['hang'], 100)];
    for (const each of both)
      await expect(each).rejects.toThrow('the command did not end within 100 ms, and could not be killed');
    expect(engine.started).toBe(1);
    await expect(probes.run(id, ['hang'], 100)).rejects.toThrow('the previous probe has not ended and still runs');
    expect(engine.started).toBe(1);
    engine.isRunning = false;
    await expect(probes.run(id, ['hang'], 100)).rejects.toThrow('did not end within 100 ms');
    expect(engine.started).toBe(2);
  });

  it('says what it says, in whatever pieces it comes, and no more than is kept', async () => {
    const frame = (kind: number, text: string) => {
      const head = Buffer.alloc(8);
      head[0] = kind;
      head.writeUInt32BE(text.length, 4);
      return Buffer.concat([head, Buffer.from(text)]);
    };
    const connection = await engine.start(
      Buffer.concat([frame(1, 'out'), frame(2, 'err'), frame(1, 'x'.repeat(1_000_000))]),
    );
    const { output } = await exec(connection, id, ['talk'], 10_000);
    expect(output.slice(0, 8)).toBe('outerrxx');
    expect(output).toHaveLength(256 * 1024);
  });
});
