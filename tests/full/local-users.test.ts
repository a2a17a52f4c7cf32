import type { FastifyInstance } from 'fastify';
import { Secret, TOTP } from 'otpauth';
import type { Browser, Page } from 'playwright-core';
import { createApiServer } from '../../src/api';
import { emptyAccess } from '../../src/config/access';
import { freePort } from '../../src/guard/free-port';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { openPage, startChromium } from '../support/chromium';
import { startEngine, type TestEngine } from '../support/engine';
import { describeWith } from '../support/parts';

const password = 'a river of tin soldiers';

describeWith('chromium', 'local users in a browser', () => {
  let engine: TestEngine;
  let server: FastifyInstance;
  let browser: Browser;
  let page: Page;
  let here: string;
  const problems: string[] = [];

  beforeAll(async () => {
    engine = await startEngine('local-users', { runtimes: { memory: createMemoryRuntime(new MemoryHost()) } });
    const port = await freePort();
    here = `http://localhost:${port}`;
    server = await createApiServer({
      client: engine.client,
      host: { bound: '127.0.0.1', allowed: ['localhost'] },
      people: { externalUrl: here, declared: () => emptyAccess },
      version: '0',
      onFailure: (error) => problems.push(error.message),
    });
    await server.listen({ host: '127.0.0.1', port });
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    await engine.close();
    expect(problems).toEqual([]);
  });
  beforeEach(async () => {
    page = await openPage(browser);
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      // Pages refuse what their policy does not allow, and say so here.
      if (message.text().includes('Content Security Policy')) problems.push(message.text());
    });
  });
  afterEach(() => page.context().close());

  const accept = async (name: string) => {
    const { path } = await engine.client.access.users.add(name);
    await page.goto(`${here}${path}`);
    await page.fill('#password', password);
    await page.fill('#repeated', password);
    await page.click('text=Set the password');
    await page.click('a:has-text("Log in")');
  };
  const logIn = async (name: string) => {
    await page.fill('#user', name);
    await page.fill('#password', password);
    await page.click('button:text-is("Log in")');
  };
  /** The next code is always one that was not used: the workflow takes each step once. */
  const codeOf = (secret: string, steps = 0) =>
    new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) }).generate({
      timestamp: Date.now() + steps * 30_000,
    });
  const account = async (name: string) => {
    await page.goto(`${here}/auth/account`);
    await logIn(name);
    await page.waitForSelector('text=Change the password');
  };

  it('set a password by a link, add an authenticator app, and log in with both', async () => {
    await accept('ana');
    await account('ana');
    await page.click('text=Add an authenticator app');
    const secret = (await page.textContent('#secret'))!;
    await page.fill('#code', codeOf(secret));
    await page.click('text=Go on');
    expect(await page.locator('.codes li').count()).toBe(10);

    await page.goto(`${here}/login`);
    await logIn('ana');
    await page.fill('#code', codeOf(secret, 1));
    await page.click('text=Go on');
    await page.waitForSelector('text=You are logged in');
    expect(await page.textContent('dl')).toContain('user:ana');
    const [session] = await engine.client.access.sessions.list('user:ana');
    expect(session).toMatchObject({ kind: 'browser', method: 'password and second factor' });

    await page.click('text=Log out');
    await page.waitForSelector('#password');
    expect(await engine.client.access.sessions.list('user:ana')).toEqual([]);
  });

  it('may use the API and its live topics from pages of the server', async () => {
    await engine.client.access.grant({ subject: 'user:joe', role: 'viewer', scope: '*' });
    await accept('joe');
    await page.goto(`${here}/login`);
    await logIn('joe');
    await page.waitForSelector('text=You are logged in');
    await page.goto(`${here}/docs`);
    const seen = await page.evaluate(`(async () => {
      const json = async (path, init) => (await fetch(path, init)).json();
      const body = JSON.stringify({ query: '{ whoami { subject } }' });
      const headers = { 'content-type': 'application/json' };
      const socket = new WebSocket('ws://' + location.host + '/api/v1/live');
      const pong = new Promise((done, failed) => {
        socket.onopen = () => socket.send('{"type":"ping"}');
        socket.onmessage = ({ data }) => done(JSON.parse(data).type);
        socket.onclose = ({ reason }) => failed(new Error('the socket was closed: ' + reason));
      });
      return {
        rest: (await json('/api/v1/whoami')).subject,
        graphql: (await json('/graphql', { method: 'POST', headers, body })).data.whoami.subject,
        live: await pong,
      };
    })()`);
    expect(seen).toEqual({ rest: 'user:joe', graphql: 'user:joe', live: 'pong' });
  });

  it('register a passkey, and log in with it alone', async () => {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await accept('bo');
    await account('bo');
    await page.fill('#label', 'laptop');
    await page.click('text=Add a passkey');
    await page.click('text=I have stored them');
    await page.waitForSelector('text=Passkey: laptop');

    await page.goto(`${here}/login`);
    await page.click('text=Log in with a passkey');
    await page.waitForSelector('text=You are logged in');
    expect(await page.textContent('dl')).toContain('user:bo');
    const [bo] = (await engine.client.access.users.list()).filter(({ name }) => name === 'bo');
    expect(bo).toMatchObject({ passkeys: [{ label: 'laptop', usedAt: expect.any(Number) as number }] });

    await page.click('text=Log out');
    await logIn('bo');
    await page.waitForSelector('#code');
    await page.click('text=Log in with a passkey');
    await page.waitForSelector('text=You are logged in');
  });
});
