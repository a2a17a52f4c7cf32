import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, Page } from 'playwright-core';
import { logInByBrowser, refreshSession, type ServerTokens } from '../../src/cli/login';
import { freePort } from '../../src/guard/free-port';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { startChromium } from '../support/chromium';
import { cli } from '../support/cli';
import { address, startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { startIdentityProvider, type IdentityProvider } from '../support/identity-provider';
import { describeWith } from '../support/parts';
import { formOf } from '../support/forms';

const folder = mkdtempSync(join(tmpdir(), 'deploy-code-people-'));
const accessFile = join(folder, 'access.yaml');

describe('people at deploy-code server', () => {
  const lines: string[] = [];
  const servers: ChildProcess[] = [];
  let engine: TestEngine;
  let provider: IdentityProvider;
  let here: string;
  let other: string;

  const run = (...words: string[]) =>
    cli(words, { cwd: folder, environment: { TEMPORAL_ADDRESS: address(), TEMPORAL_NAMESPACE: 'people' } });
  const start = async (port: number, ...words: string[]): Promise<void> => {
    const options = ['--port', String(port), '--inner-port', String(await freePort()), '--access', accessFile];
    const server = spawn(process.execPath, [resolve('bin/deploy-code'), 'server', ...options, ...words], {
      cwd: folder,
      env: { ...process.env, TEMPORAL_ADDRESS: address(), TEMPORAL_NAMESPACE: 'people' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    servers.push(server);
    await new Promise<void>((ready, failed) => {
      server.once('exit', (code) => failed(new Error(`the server ended with ${code}: ${lines.join('\n')}`)));
      createInterface(server.stdout!).on('line', (line) => (lines.push(line), ready()));
    });
  };
  const declare = (roles: string) =>
    writeFileSync(
      accessFile,
      `external_url: ${here}
providers:
  company:
    type: oidc
    title: Acme
    issuer: ${provider.issuer}
    client_id: deploy-code
    client_secret_file: secret
    groups_claim: groups
bindings: ${roles}
`,
    );
  const whoami = async (token: string, at = here) => {
    const response = await fetch(`${at}/api/v1/whoami`, { headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, body: (await response.json()) as { subject?: string; roles?: object[] } };
  };

  beforeAll(async () => {
    engine = await startEngine('people', { runtimes: { memory: createMemoryRuntime(new MemoryHost()) } });
    const [port, otherPort] = [await freePort(), await freePort()];
    [here, other] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${otherPort}`];
    provider = await startIdentityProvider([`${here}/auth/callback/company`]);
    writeFileSync(join(folder, 'secret'), 'a secret of the client\n');
    declare('[{subject: "group:ops", role: operator, scope: shop}]');
    await Promise.all([start(port), start(otherPort)]);
  });
  afterAll(async () => {
    for (const server of servers) server.kill('SIGKILL');
    provider?.close();
    await engine.close();
  });

  /** As a browser does, with the cookies of this server. */
  const logInAtProvider = async (): Promise<string> => {
    const begun = await fetch(`${here}/auth/login/company`, { redirect: 'manual' });
    const [cookie] = begun.headers.getSetCookie();
    const back = await provider.logIn(begun.headers.get('location')!, 'ana');
    const answer = await fetch(back, { headers: { cookie: cookie!.split(';')[0]! }, redirect: 'manual' });
    return answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0]!)
      .filter((pair) => !pair.endsWith('='))
      .join('; ');
  };
  const consent = async (url: string, cookie: string): Promise<void> => {
    const form = formOf(await (await fetch(url, { headers: { cookie } })).text());
    const body = new URLSearchParams({ ...form, decision: 'allow' });
    const headers = { cookie, origin: here };
    expect((await fetch(`${here}/auth/authorize`, { method: 'POST', headers, body })).status).toBe(200);
  };
  const approve = async (code: string, cookie: string): Promise<void> => {
    const page = await fetch(`${here}/device?user_code=${code}`, { headers: { cookie } });
    const body = new URLSearchParams({ ...formOf(await page.text()), decision: 'allow' });
    const headers = { cookie, origin: here };
    expect((await fetch(`${here}/device`, { method: 'POST', headers, body })).status).toBe(200);
  };
  const logIn = async (): Promise<ServerTokens> => {
    const cookie = await logInAtProvider();
    return logInByBrowser(here, { onUrl: () => undefined, open: (url) => consent(url, cookie) });
  };

  it('log in at their identity provider, and have the roles of their groups at every server', async () => {
    const tokens = await logIn();
    for (const at of [here, other])
      expect(await whoami(tokens.accessToken, at)).toEqual({
        status: 200,
        body: {
          subject: 'user:ana@acme.example',
          token: expect.any(String) as string,
          roles: [{ role: 'operator', scope: 'shop' }],
        },
      });
  });

  it('use the command line through the server, whose tokens it renews, until they log out', async () => {
    const cookie = await logInAtProvider();
    const environment = { XDG_CONFIG_HOME: join(folder, 'config'), TEMPORAL_ADDRESS: '' };
    const through = (...words: string[]) => cli(words, { cwd: folder, environment });
    let approving: Promise<void> | undefined;
    const child = spawn(process.execPath, [resolve('bin/deploy-code'), 'login', here, '--device', '--name', 'team'], {
      cwd: folder,
      env: { ...process.env, ...environment },
    });
    createInterface(child.stderr).on('line', (line) => {
      const [, code] = /type the code (\S+)$/.exec(line) ?? [];
      if (code !== undefined) approving = approve(code, cookie);
    });
    const [status] = (await once(child, 'exit')) as [number];
    await approving;
    expect(status).toBe(0);
    const file = join(folder, 'config', 'deploy-code', 'contexts.json');
    const contexts = JSON.parse(readFileSync(file, 'utf8')) as { contexts: Record<string, { expiresAt: number }> };
    contexts.contexts.team!.expiresAt = 0;
    writeFileSync(file, JSON.stringify(contexts));
    // Both need the next token, and only one may ask for it.
    for (const { code, stdout } of await Promise.all([through('whoami'), through('whoami')]))
      expect([code, stdout]).toEqual([0, expect.stringContaining('user:ana@acme.example')]);
    expect(await through('logout')).toMatchObject({ code: 0, stdout: `logged out of ${here}\n` });
    const { records } = await engine.client.access.audit();
    expect(records.map(({ what }) => what).at(-1)).toMatch(/^access revoke session \w+ of user:ana@acme.example$/);
  });

  it('are listed with their sessions, which an admin ends within five seconds at every server', async () => {
    const { accessToken, refreshToken } = await logIn();
    const session = ((await whoami(accessToken)).body as { token: string }).token;
    expect((await run('access', 'session', 'list')).stdout).toMatch(
      new RegExp(`${session}\\s+user:ana@acme.example\\s+command-line\\s+oidc company\\s+127.0.0.1`),
    );
    expect(await run('access', 'session', 'revoke', session)).toMatchObject({
      code: 0,
      stdout: `session ${session} is revoked\n`,
    });
    for (const at of [here, other])
      await eventually(async () => expect((await whoami(accessToken, at)).status).toBe(401));
    await expect(refreshSession(here, refreshToken)).rejects.toThrow('has ended');
    expect(await run('access', 'session', 'revoke', session)).toMatchObject({ code: 2 });
  });

  it('lose a session whose token was used twice, and the audit trail says so', async () => {
    const { refreshToken } = await logIn();
    const next = await refreshSession(other, refreshToken);
    await expect(refreshSession(here, refreshToken)).rejects.toThrow('has ended');
    await expect(refreshSession(other, next.refreshToken)).rejects.toThrow('has ended');
    const { records } = await engine.client.access.audit();
    // An attack is recorded besides, before it or after it.
    const [last] = records
      .map(({ what }) => what)
      .filter((what) => what.startsWith('access revoke session'))
      .slice(-1);
    expect(last).toMatch(/ a token was used twice$/);
  });

  it('have the roles that the access file declares, which is read again when it changes', async () => {
    const { accessToken } = await logIn();
    declare('[{subject: "user:ana@acme.example", role: viewer, scope: "*"}]');
    await eventually(async () =>
      expect((await whoami(accessToken)).body.roles).toEqual([{ role: 'viewer', scope: '*' }]),
    );
    writeFileSync(accessFile, 'bindings: [{}]');
    const shown = await run('access', 'list', '--access', accessFile);
    expect([shown.code, shown.stderr]).toEqual([2, expect.stringContaining('bindings.0.subject')]);
    expect((await whoami(accessToken)).body.roles).toEqual([{ role: 'viewer', scope: '*' }]);
    declare('[{subject: "group:ops", role: operator, scope: shop}]');
    expect((await run('access', 'list', '--access', accessFile)).stdout).toMatch(/group:ops\s+operator\s+shop\s+decl/);
  });

  describeWith('chromium', 'in a browser', () => {
    let browser: Browser;
    beforeAll(async () => void (browser = await startChromium()));
    afterAll(() => browser.close());

    const logInOn = async (page: Page, url: string): Promise<void> => {
      await page.goto(url);
      await page.click('a:text-is("Log in with Acme")');
      await page.fill('input[name=login]', 'ana');
      await page.click('button:text-is("Sign in")');
      expect(await page.textContent('main')).toContain('asks to act as user:ana@acme.example');
      await page.click('button:text-is("Allow")');
      await page.waitForSelector('text=You are logged in. You can close this page.');
    };

    it('let the command line act as them, on pages without a script and against no policy', async () => {
      const problems: string[] = [];
      const attempt = () =>
        logInByBrowser(here, {
          onUrl: () => undefined,
          open: async (url) => {
            const page = await browser.newPage();
            page.setDefaultTimeout(20_000);
            page.on('console', (message) => problems.push(message.text()));
            try {
              await logInOn(page, url);
            } finally {
              await page.context().close();
            }
          },
          timeoutMs: 30_000,
        });
      // Chromium drops its requests whenever Docker adds or removes a network.
      const tokens = await attempt().catch(attempt).catch(attempt);
      expect((await whoami(tokens.accessToken)).body.subject).toBe('user:ana@acme.example');
      expect(problems.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
    });
  });
});
