import { newApiToken } from '../../src/guard/access/api-token';
import { newSessionToken } from '../../src/guard/access/session-token';
import { AccessWorld, host, loggedIn, serverOf } from '../support/people';

const own = 'https://deploy.example.com';

describe('the session of a browser', () => {
  let world: AccessWorld;
  let app: Awaited<ReturnType<typeof serverOf>>;
  let cookie: string;
  beforeEach(async () => {
    world = new AccessWorld();
    app = await serverOf(world, { bindings: [{ subject: 'group:ops', role: 'admin', scope: '*' }] });
    cookie = await loggedIn(world);
  });
  afterEach(() => app.close());

  const whoami = (headers: Record<string, string> = {}) =>
    app.inject({ url: '/api/v1/whoami', headers: { host, cookie, ...headers } });
  const ask = (headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: '/graphql',
      headers: { host, cookie, 'content-type': 'application/json', ...headers },
      payload: { query: '{ whoami { subject } }' },
    });

  it('is who its pages make requests as, with the roles of the groups', async () => {
    const answer = await whoami();
    expect(answer.json()).toMatchObject({ subject: 'user:ana', roles: [{ role: 'admin', scope: '*' }] });
    const asked = await ask({ 'sec-fetch-site': 'same-origin' });
    expect(asked.json()).toEqual({ data: { whoami: { subject: 'user:ana' } } });
    expect((await ask({ origin: own })).statusCode).toBe(200);
  });

  it('is used by no page of others', async () => {
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'https://deploy.example.com.evil.example' },
      { origin: 'null' },
    ]) {
      expect((await whoami(headers as never)).statusCode).toBe(403);
      expect((await ask(headers as never)).statusCode).toBe(403);
    }
    // A browser that says nothing could have been led here by anybody.
    expect((await ask()).statusCode).toBe(403);
    expect((await ask({ 'sec-fetch-site': 'none' })).statusCode).toBe(403);
  });

  it('does not stand in for a token that is not valid', async () => {
    expect((await whoami({ authorization: `Bearer ${newApiToken().text}` })).statusCode).toBe(401);
    expect((await whoami({ authorization: 'Basic x' })).statusCode).toBe(401);
  });

  it('ends for the API when it is revoked', async () => {
    const [session] = await world.sessions.list();
    expect((await whoami()).statusCode).toBe(200);
    await app.inject({
      method: 'DELETE',
      url: `/api/v1/sessions/${session!.id}`,
      headers: { host, cookie, 'sec-fetch-site': 'same-origin' },
    });
    const other = await serverOf(world);
    for (const server of [app, other])
      expect((await server.inject({ url: '/api/v1/whoami', headers: { host, cookie } })).statusCode).toBe(401);
    await other.close();
  });

  it.each([
    ['of nobody', () => `__Host-deploy-code=${newSessionToken('browser').text}`],
    ['of a program', () => `__Host-deploy-code=${newSessionToken('command-line').text}`],
    ['with another secret', () => cookie.replace(/_[0-9a-f]{128}_/, `_${'a'.repeat(128)}_`)],
    ['that is there twice', () => `${cookie}; ${cookie}`],
    ['of a server without TLS', () => cookie.replace('__Host-', '')],
  ])('is not a cookie %s', async (_, given) => {
    expect((await whoami({ cookie: given() })).statusCode).toBe(401);
  });
});
