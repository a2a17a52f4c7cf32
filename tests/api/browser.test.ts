import type { FastifyInstance } from 'fastify';
import { html, Html } from '../../src/api/auth/browser/html';
import { returnPath } from '../../src/api/auth/browser/return-path';
import { newSessionToken } from '../../src/guard/access/session-token';
import { AccessWorld, externalUrl, formHeaders, formOf, host, loggedIn, serverOf } from '../support/people';

const company = { type: 'oidc', issuer: 'https://id.example.com', client_id: 'x' } as const;

describe('a page', () => {
  it('escapes everything that is not a part of it', () => {
    const evil = `"><script>alert('&')</script>`;
    const { text } = html`<p title="${evil}">${evil} ${[html`<b>${'<'}</b>`]} ${new Html('<i>')} ${false} ${7}</p>`;
    expect(text).not.toContain('<script>');
    expect(text).toContain('&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;');
    expect(text).toMatch(/<b>&lt;<\/b> <i> {2}7<\/p>$/);
  });

  it('of log-in lists the providers, runs no script, is in no frame, and is not stored', async () => {
    const app = await serverOf(new AccessWorld(), { providers: { company: { ...company, title: 'Acme <3' } } });
    const { statusCode, body, headers } = await app.inject({ url: '/login', headers: { host } });
    expect(statusCode).toBe(200);
    expect(body).toContain('<a class="button main" href="/auth/login/company">Log in with Acme &lt;3</a>');
    expect(body).not.toMatch(/<script|style=|onclick/);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none';style-src 'self';img-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
    });
    const css = await app.inject({ url: '/auth/style.css', headers: { host } });
    expect([css.statusCode, css.headers['content-type']]).toEqual([200, 'text/css; charset=utf-8']);
    await app.close();
  });

  it('is not there on a server whose address nobody knows', async () => {
    const app = await serverOf(new AccessWorld(), {}, { people: undefined });
    expect((await app.inject({ url: '/login', headers: { host: '127.0.0.1' } })).statusCode).toBe(401);
    await app.close();
  });
});

describe('a log-in leads back', () => {
  it.each(['/login', '/device', '/device?user_code=BCDF-GHJK', '/auth/authorize?a=b&c=%2F'])('to %s', (path) => {
    expect(returnPath(path, externalUrl)).toBe(path);
  });
  it.each([
    'https://evil.example/device',
    '//evil.example/device',
    '/\\evil.example/device',
    '\\/evil.example',
    '/auth/logout',
    '/api/v1/whoami',
    '/device/../auth/logout',
    '/device\r\nLocation: https://evil.example',
    '/device\n',
    ' /device',
    'javascript:alert(1)',
    ['/device'],
    undefined,
  ])('never to %j', (path) => {
    expect(returnPath(path, externalUrl)).toBeUndefined();
  });
  it('never to an address that is too long', () => {
    expect(returnPath('/device?'.padEnd(1500, 'x'), externalUrl)).toBeDefined();
    expect(returnPath('/device?'.padEnd(1501, 'x'), externalUrl)).toBeUndefined();
  });
});

describe('the session of a browser', () => {
  let world: AccessWorld;
  let app: FastifyInstance;
  beforeEach(async () => {
    world = new AccessWorld();
    app = await serverOf(world);
  });
  afterEach(() => app.close());

  const logIn = () => loggedIn(world);
  const get = (url: string, cookie: string) => app.inject({ url, headers: { host, cookie } });
  const logOut = (cookie: string, payload: string, headers: object = {}) =>
    app.inject({ method: 'POST', url: '/auth/logout', headers: { ...formHeaders, cookie, ...headers }, payload });
  const tokenOn = async (cookie: string) => new URLSearchParams(formOf((await get('/login', cookie)).body)).toString();

  it('shows who is logged in, and ends with a log-out', async () => {
    const cookie = await logIn();
    const { body } = await get('/login', cookie);
    expect(body).toContain('user:ana');
    const { statusCode, headers } = await logOut(cookie, await tokenOn(cookie), { origin: externalUrl });
    expect([statusCode, headers.location]).toEqual([303, '/login']);
    expect(headers['set-cookie']).toMatch(/^__Host-deploy-code=; .*Max-Age=0/);
    expect((await get('/login', cookie)).body).not.toContain('user:ana');
    expect(await world.sessions.list()).toEqual([]);
  });

  it.each([
    ['without a token', () => '', {}],
    ['with a wrong token', () => 'form_token=AAAA', {}],
    ['with the token of another browser', (other: string) => other, {}],
  ])('is not ended by a form %s', async (_, payload) => {
    const [cookie, foreign] = [await logIn(), await logIn()];
    const { statusCode } = await logOut(cookie, payload(await tokenOn(foreign)));
    expect(statusCode).toBe(403);
    expect(await world.sessions.list()).toHaveLength(2);
  });

  it.each(['https://evil.example', 'null', `${externalUrl}.evil.example`])(
    'is not ended by a form from the origin %s',
    async (origin) => {
      const cookie = await logIn();
      expect((await logOut(cookie, await tokenOn(cookie), { origin })).statusCode).toBe(403);
    },
  );

  it.each([
    ['application/json', '{"form_token": "x"}', 415],
    ['text/plain', 'form_token=x', 415],
    ['application/x-www-form-urlencoded', 'form_token=a&form_token=b', 400],
    ['application/x-www-form-urlencoded', `form_token=${'x'.repeat(20_000)}`, 413],
  ])('takes no %s', async (type, payload, status) => {
    const { statusCode } = await logOut(await logIn(), payload, { 'content-type': type });
    expect(statusCode === status || statusCode === 400).toBe(true);
  });

  it.each([
    ['of a program', async () => newSessionToken('command-line').text],
    ['with another secret', async () => `dcb_${(await logIn()).split('_')[3]}_${'0'.repeat(128)}_00000000`],
    ['of nobody', async () => newSessionToken('browser').text],
    ['that is none', async () => '../../etc/passwd'],
    ['that is too long', async () => 'x'.repeat(10_000)],
  ])('is not one %s', async (_, token) => {
    const { statusCode, body } = await get('/login', `__Host-deploy-code=${await token()}`);
    expect(statusCode).toBe(200);
    expect(body).not.toContain('user:ana');
  });

  it('is no token: it counts in its cookie alone', async () => {
    const cookie = await logIn();
    const [, token] = cookie.split('=');
    const asBearer = await app.inject({ url: '/api/v1/whoami', headers: { host, authorization: `Bearer ${token}` } });
    expect(asBearer.statusCode).toBe(401);
  });
});
