import type { AddressInfo } from 'node:net';
import {
  hasBrowser,
  logInByBrowser,
  logInByDevice,
  openBrowser,
  refreshSession,
  revokeSession,
} from '../../../src/cli/login';
import { BadRequest, EngineUnreachable } from '../../../src/client';
import { freePort } from '../../../src/guard/free-port';
import { AccessWorld, formOf, loggedIn, serverOf } from '../../support/people';

describe('a log-in at a server', () => {
  let world: AccessWorld;
  let app: Awaited<ReturnType<typeof serverOf>>;
  let server: string;
  let cookie: string;
  beforeAll(async () => {
    world = new AccessWorld();
    const port = await freePort();
    server = `http://127.0.0.1:${port}`;
    app = await serverOf(world, {}, { people: { externalUrl: server, declared: () => nothing } });
    await app.listen({ host: '127.0.0.1', port });
    expect((app.server.address() as AddressInfo).port).toBe(port);
    // Without TLS, cookies have plain names.
    cookie = (await loggedIn(world)).replace('__Host-', '');
  });
  afterAll(() => app.close());
  const nothing = { providers: {}, workloads: {}, bindings: [], subscribers: [], files: [] };

  /** As a browser does: follows to the loopback address. */
  const decide = async (url: string, decision: string, follow = true): Promise<Response> => {
    const page = await fetch(url, { headers: { cookie } });
    const form = new URLSearchParams({ ...formOf(await page.text()), decision });
    const answer = await fetch(new URL(new URL(url).pathname, url), {
      method: 'POST',
      body: form,
      headers: { cookie, origin: server },
      redirect: 'manual',
    });
    return follow ? fetch(answer.headers.get('location')!) : answer;
  };
  const whoami = async (token: string) =>
    (await fetch(`${server}/api/v1/whoami`, { headers: { authorization: `Bearer ${token}` } })).json();

  it('by a browser on this machine ends with tokens, which are refreshed and revoked', async () => {
    const urls: string[] = [];
    let shown: Response | undefined;
    const tokens = await logInByBrowser(server, {
      onUrl: (url) => urls.push(url),
      open: async (url) => {
        // Whoever else finds the port does not end the log-in.
        const { redirect_uri: back = '' } = Object.fromEntries(new URL(url).searchParams);
        for (const wrong of ['?code=x', '?code=x&state=y', '?error=access_denied'])
          expect((await fetch(`${back}${wrong}`)).status).toBe(400);
        expect((await fetch(back, { method: 'POST' })).status).toBe(400);
        shown = await decide(url, 'allow');
      },
    });
    expect(urls).toEqual([expect.stringMatching(/^http:\/\/127.0.0.1:\d+\/auth\/authorize\?/)]);
    expect(await shown!.text()).toContain('You are logged in');
    expect(shown!.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await whoami(tokens.accessToken)).toMatchObject({ subject: 'user:ana' });
    expect(tokens.expiresAt.getTime()).toBeGreaterThan(Date.now());
    const next = await refreshSession(server, tokens.refreshToken);
    expect(await whoami(next.accessToken)).toMatchObject({ subject: 'user:ana' });
    await revokeSession(server, next.refreshToken);
    await expect(refreshSession(server, next.refreshToken)).rejects.toThrow('has ended; log in again');
    await revokeSession(server, next.refreshToken);
  });

  it('goes on if the browser does not open, and ends if nobody comes, or says no', async () => {
    let address = '';
    const open = () => Promise.reject(new Error('there is no browser'));
    const waiting = logInByBrowser(server, {
      onUrl: (url) => {
        address = url;
        void decide(url, 'allow');
      },
      open,
    });
    await expect(waiting).resolves.toHaveProperty('accessToken');
    expect(address).not.toBe('');
    const late = logInByBrowser(server, { onUrl: () => undefined, open, timeoutMs: 1 });
    await expect(late).rejects.toThrow('nobody logged in in time');
    const refused = logInByBrowser(server, { onUrl: () => undefined, open: (url) => void decide(url, 'deny') });
    await expect(refused).rejects.toThrow('the log-in was not allowed');
  });

  it('by the code of a device ends with tokens, or if somebody says no', async () => {
    const start = (decision: string) =>
      logInByDevice(server, {
        onCode: ({ code, url, completeUrl }) => {
          expect(url).toBe(`${server}/device`);
          void decide(completeUrl ?? `${url}?user_code=${code}`, decision, false);
        },
      });
    const [allowed, denied] = await Promise.allSettled([start('allow'), start('deny')]);
    expect(denied).toMatchObject({ reason: { message: 'the log-in was not allowed' } });
    const { accessToken } = (allowed as PromiseFulfilledResult<{ accessToken: string }>).value;
    expect(await whoami(accessToken)).toMatchObject({ subject: 'user:ana' });
  });

  it.each(['deploy.example.com', 'http://deploy.example.com', 'ftp://127.0.0.1', ''])(
    'is not begun at %j',
    async (address) => {
      const options = { onUrl: () => undefined, open: () => undefined };
      await expect(logInByBrowser(address, options)).rejects.toBeInstanceOf(BadRequest);
    },
  );

  it('says what is wrong with a server that is away', async () => {
    const away = 'http://127.0.0.1:9';
    const options = { onUrl: () => undefined, open: () => undefined };
    await expect(logInByBrowser(away, options)).rejects.toBeInstanceOf(EngineUnreachable);
    await expect(logInByDevice(away, { onCode: () => undefined })).rejects.toBeInstanceOf(EngineUnreachable);
    await expect(refreshSession(away, 'x')).rejects.toBeInstanceOf(EngineUnreachable);
    await expect(revokeSession(away, 'x')).rejects.toThrow(`the server ${away} cannot be used`);
  });
});

describe('a browser', () => {
  it.each([
    [true, { DISPLAY: ':0' }, 'linux', true],
    [true, { WAYLAND_DISPLAY: 'wayland-0' }, 'linux', true],
    [true, {}, 'darwin', true],
    [false, {}, 'linux', true],
    [false, { DISPLAY: ':0' }, 'linux', false],
    [false, { DISPLAY: ':10', SSH_CONNECTION: '1.2.3.4' }, 'linux', true],
    [false, { CI: 'true' }, 'darwin', true],
  ] as const)('is there: %j, with %j on %s', (expected, environment, platform, isTerminal) => {
    expect(hasBrowser(environment, platform, isTerminal)).toBe(expected);
  });
  it('opens no address of another kind', async () => {
    await expect(openBrowser('file:///etc/passwd')).rejects.toThrow('file: is not opened');
  });
});
