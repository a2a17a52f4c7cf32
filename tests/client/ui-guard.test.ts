import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { guardUi, hiddenAddress } from '../../src/cli/dev/ui-guard';
import { freePort } from '../../src/guard/free-port';
import { listenLocally, stopListening } from '../support/local-server';
import { until } from '../support/until';

describe("the guard of Temporal's UI", () => {
  let ui: Server;
  let guard: Server;
  let port: number;
  let [begun, ended] = [0, 0];
  beforeAll(async () => {
    ui = createServer((asked, answer) => {
      if (asked.url === '/endless') {
        begun += 1;
        answer.on('close', () => void (ended += 1)).write('x'.repeat(100_000));
      } else
        asked.pipe(answer.writeHead(201, { 'x-asked': `${asked.method} ${asked.url}`, 'set-cookie': ['a=1', 'b=2'] }));
    });
    await listenLocally(ui);
    port = await freePort();
    guard = await guardUi(port, { host: '127.0.0.1', port: (ui.address() as AddressInfo).port });
  });
  afterAll(() => {
    stopListening(guard);
    stopListening(ui);
  });

  const ask = (headers: Record<string, string>, { method = 'GET', path = '/', body = '' } = {}) =>
    new Promise<{ status: number; headers: IncomingMessage['headers']; body: string }>((resolve, reject) => {
      request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
        void text(answer).then(
          (said) => resolve({ status: answer.statusCode!, headers: answer.headers, body: said }),
          reject,
        );
      })
        .on('error', reject)
        .end(body);
    });

  it('lets its own pages ask, with whatever they send', async () => {
    const answered = await ask(
      { host: `localhost:${port}`, origin: `http://localhost:${port}` },
      { method: 'POST', path: '/api/v1/x?y=%2f', body: 'hello' },
    );
    expect(answered).toMatchObject({
      status: 201,
      headers: { 'x-asked': 'POST /api/v1/x?y=%2f', 'set-cookie': ['a=1', 'b=2'] },
      body: 'hello',
    });
    expect((await ask({ host: `127.0.0.1:${port}` })).status).toBe(201);
  });

  it.each([
    ['another name for this machine', { host: 'rebound.example.com:8233' }],
    ['another address', { host: '10.0.0.1' }],
    ['what is no name', { host: 'localhost:8233/x' }],
  ])('refuses %s', async (_, headers) => {
    expect(await ask(headers)).toMatchObject({
      status: 403,
      body: 'the UI is only available as localhost\n',
    });
  });

  it.each(['https://evil.example.com', 'http://localhost:1', 'null'])('refuses a page of %s', async (origin) => {
    expect(await ask({ host: `localhost:${port}`, origin }, { method: 'POST' })).toMatchObject({
      status: 403,
      body: `only pages of http://localhost:${port} may send requests\n`,
    });
  });

  it('keeps nothing open for somebody who has left', async () => {
    const left = request({ host: '127.0.0.1', port, path: '/endless', headers: { host: 'localhost' }, agent: false });
    left
      .on('error', () => undefined)
      .on('response', (answer) => answer.once('data', () => left.destroy()))
      .end();
    await until(() => ended > 0);
    expect(begun).toBe(1);
  });

  it('says that the UI does not answer', async () => {
    const alone = await freePort();
    const lonely = await guardUi(alone, await hiddenAddress());
    expect(await (await fetch(`http://localhost:${alone}/`)).text()).toBe('the Temporal UI does not answer\n');
    stopListening(lonely);
  });
});
