import type { FastifyInstance } from 'fastify';
import { Secret, TOTP } from 'otpauth';
import { PasswordHasher } from '../../src/guard/access/passwords/hash';
import { BrowserLike, type Seen } from '../support/browser-like';
import { AccessWorld, serverOf } from '../support/people';

/** Digests that cost less. */
jest.mock('../../src/guard/access/passwords/hash', () => {
  const real = jest.requireActual<typeof import('../../src/guard/access/passwords/hash')>(
    '../../src/guard/access/passwords/hash',
  );
  return {
    ...real,
    PasswordHasher: class extends real.PasswordHasher {
      constructor(cost = { logN: 10, r: 8, p: 1 }) {
        super(cost);
      }
    },
  };
});

const password = 'a river of tin soldiers';
const minute = 60_000;
let clock = 1_800_000_000_000;
beforeAll(() => void jest.spyOn(Date, 'now').mockImplementation(() => clock));
afterAll(() => jest.restoreAllMocks());

/** The code of an authenticator app, now. */
const codeOf = (secret: string) =>
  new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) }).generate({ timestamp: clock });
const secretIn = ({ body }: Seen) => /id="secret">([A-Z2-7 ]+)</.exec(body)![1]!;
const codesIn = ({ body }: Seen) => [...body.matchAll(/<li>([a-z0-9-]{19})<\/li>/g)].map(([, code]) => code!);

describe('local users', () => {
  let world: AccessWorld;
  let app: FastifyInstance;
  const failures: Error[] = [];

  beforeEach(async () => {
    world = new AccessWorld();
    app = await serverOf(world, {}, { onFailure: (error) => failures.push(error) });
    clock += 60 * minute;
  });
  afterEach(async () => {
    await app.close();
    expect(failures.splice(0)).toEqual([]);
  });

  const accept = async (path: string, given = password) => {
    const browser = new BrowserLike(app);
    const page = await browser.open(path);
    return page.status === 200 ? browser.send(path, { password: given, repeated: given }) : page;
  };
  const withUser = async (name = 'ana') => {
    expect((await accept((await world.local.users.add(name)).path)).status).toBe(200);
  };
  const logIn = async (browser: BrowserLike, fields: Record<string, string> = {}) => {
    await browser.open('/login');
    return browser.send('/auth/password', { user: 'ana', password, ...fields });
  };
  const sessions = () => Object.values(world.state.sessions ?? {});
  const isLoggedIn = async (browser: BrowserLike) => (await browser.open('/login')).body.includes('You are logged in');

  /** Adds an authenticator app on the page of the account; its secret and the recovery codes. */
  const withApp = async () => {
    const browser = new BrowserLike(app);
    expect((await logIn(browser, { purpose: 'account' })).to).toBe('/auth/account');
    await browser.open('/auth/account');
    const secret = secretIn(await browser.send('/auth/account/app', {}));
    const codes = codesIn(await browser.send('/auth/account/app/code', { code: codeOf(secret) }));
    clock += minute;
    return { secret, codes };
  };

  it('set a password by their link, and log in with it', async () => {
    expect((await new BrowserLike(app).open('/login')).body).not.toContain('name="password"');
    await withUser();
    await app.close();
    app = await serverOf(world, {}, { onFailure: (error) => failures.push(error) });
    const browser = new BrowserLike(app);
    expect((await logIn(browser)).to).toBe('/login');
    expect(await isLoggedIn(browser)).toBe(true);
    expect(sessions()).toMatchObject([{ subject: 'user:ana', method: 'password', kind: 'browser' }]);
    expect(JSON.stringify(world)).not.toContain(password);
  });

  it('come back to the page that they asked for, and to no other', async () => {
    await withUser();
    expect((await logIn(new BrowserLike(app), { return: '/device?user_code=X' })).to).toBe('/device?user_code=X');
    expect((await logIn(new BrowserLike(app), { return: 'https://evil.example/' })).to).toBe('/login');
  });

  it('follow a link once, before its end, and not one that was replaced', async () => {
    const first = await world.local.users.add('ana');
    const second = await world.local.users.invite('ana');
    expect((await accept(first.path)).status).toBe(404);
    expect((await accept(second.path, 'short')).body).toContain('at least 12 characters');
    expect((await accept(second.path, 'qwerty123456')).body).toContain('has leaked');
    expect((await accept(second.path)).status).toBe(200);
    expect((await accept(second.path)).status).toBe(404);
    const third = await world.local.users.invite('ana');
    clock += 24 * 60 * minute;
    expect((await accept(third.path)).status).toBe(404);
    expect((await new BrowserLike(app).open('/auth/invitation/x')).status).toBe(404);
  });

  it('end their sessions when they follow another link, as whoever has them may not be the user', async () => {
    await withUser();
    const browser = new BrowserLike(app);
    expect((await logIn(browser)).status).toBe(303);
    expect(await isLoggedIn(browser)).toBe(true);
    const { path } = await world.local.users.invite('ana');
    expect(sessions()).toHaveLength(1);
    expect((await accept(path)).status).toBe(200);
    expect(sessions()).toEqual([]);
  });

  it('see their own sessions, and end them one by one', async () => {
    await withUser();
    await withUser('bo');
    const [here, there, others] = [new BrowserLike(app), new BrowserLike(app, '192.0.2.44'), new BrowserLike(app)];
    for (const browser of [here, there]) await logIn(browser);
    await logIn(others, { user: 'bo' });
    const { body } = await here.open('/auth/sessions');
    expect(body).toContain('this browser, by password');
    expect(body).toContain('another browser, by password');
    expect(body).toContain('from 192.0.2.44, since');
    const idOf = async (browser: BrowserLike) => {
      const page = (await browser.open('/auth/sessions')).body;
      return /name="session" value="([0-9a-f]{16})" \/>\s*<dl>\s*<dt>this browser/.exec(page)![1]!;
    };
    const ids = { here: await idOf(here), there: await idOf(there), others: await idOf(others) };
    expect(body).not.toContain(ids.others);

    await here.open('/auth/sessions');
    for (const session of [ids.others, 'x', ''])
      expect((await here.send('/auth/sessions', { session })).to).toBe('/auth/sessions');
    expect(await isLoggedIn(others)).toBe(true);
    expect((await here.send('/auth/sessions', { session: ids.there })).to).toBe('/auth/sessions');
    expect(await isLoggedIn(there)).toBe(false);
    expect((await there.open('/auth/sessions')).to).toBe('/login?return=%2Fauth%2Fsessions');
    await here.open('/auth/sessions');
    expect((await here.send('/auth/sessions', { session: ids.here })).to).toBe('/login');
    expect(await isLoggedIn(here)).toBe(false);
    expect(sessions()).toHaveLength(1);
  });

  it('become the first admin by the link that a server prints, for an hour', async () => {
    const granted: unknown[] = [];
    world.access.grant = async (role: unknown) => void granted.push(role);
    let isUnclaimed = true;
    world.access.isUnclaimed = async () => isUnclaimed;
    const old = await world.local.users.inviteFirstAdmin();
    clock += 60 * minute;
    expect((await accept(old.path)).status).toBe(404);
    expect((await accept((await world.local.users.inviteFirstAdmin()).path, 'weak')).status).toBe(400);
    expect(granted).toEqual([]);
    expect((await accept((await world.local.users.inviteFirstAdmin()).path)).status).toBe(200);
    expect(granted).toEqual([{ subject: 'user:admin', role: 'admin', scope: '*' }]);
    await withUser();
    expect(granted).toHaveLength(1);
  });

  it('do not become the first admin where somebody has a role by then', async () => {
    world.access.isUnclaimed = async () => false;
    const { path } = await world.local.users.inviteFirstAdmin();
    expect(await accept(path)).toMatchObject({
      status: 404,
      body: expect.stringContaining('in which nobody has a role yet') as string,
    });
  });

  it('get the same answer to a wrong name, a wrong password, a disabled user and one without a password', async () => {
    await withUser();
    await withUser('disabled');
    await world.local.users.disable('disabled');
    await world.local.users.add('invited');
    const answers = await Promise.all(
      [
        ['ana', 'wrong password'],
        ['nobody', password],
        ['disabled', password],
        ['invited', password],
        ["' OR 1=1", ''],
      ].map(async ([user, given], index) => {
        const browser = new BrowserLike(app, `192.0.2.${20 + index}`);
        const { status, body } = await logIn(browser, { user: user!, password: given! });
        return { status, body };
      }),
    );
    expect(new Set(answers.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(answers[0]!.status).toBe(401);
    expect(sessions()).toEqual([]);
  });

  it('have to wait after wrong passwords, on all servers, and the same as names that nobody has', async () => {
    await withUser();
    const other = await serverOf(world);
    for (const user of ['ana', 'nobody']) {
      const statuses: number[] = [];
      for (let count = 0; count < 8; count += 1)
        statuses.push((await logIn(new BrowserLike(count % 2 ? app : other), { user, password: 'wrong' })).status);
      expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429, 429]);
    }
    expect((await logIn(new BrowserLike(other))).body).toContain('try again in 10 s');
    clock += 10_000;
    expect((await logIn(new BrowserLike(other))).to).toBe('/login');
    await other.close();
  });

  it('need a second factor if they have one; each code is right once', async () => {
    await withUser();
    const { secret } = await withApp();
    const browser = new BrowserLike(app);
    expect((await logIn(browser)).to).toBe('/auth/second-factor');
    expect(await isLoggedIn(browser)).toBe(false);
    expect(sessions()).toEqual([]);
    await browser.open('/auth/second-factor');
    expect((await browser.send('/auth/second-factor', { code: '000000' })).status).toBe(401);
    expect((await browser.send('/auth/second-factor', { code: codeOf(secret) })).to).toBe('/login');
    expect(sessions()).toMatchObject([{ method: 'password and second factor' }]);

    const thief = new BrowserLike(app);
    await logIn(thief);
    await thief.open('/auth/second-factor');
    expect((await thief.send('/auth/second-factor', { code: codeOf(secret) })).status).toBe(401);
    clock += minute;
    expect((await thief.send('/auth/second-factor', { code: codeOf(secret) })).to).toBe('/login');
  });

  it('log in with a recovery code, once', async () => {
    await withUser();
    const { codes } = await withApp();
    expect(codes).toHaveLength(10);
    const statuses: number[] = [];
    for (const code of [codes[0]!, codes[0]!, codes[1]!.toUpperCase(), 'aaaa-aaaa-aaaa-aaaa']) {
      const browser = new BrowserLike(app);
      await logIn(browser);
      await browser.open('/auth/second-factor');
      statuses.push((await browser.send('/auth/second-factor', { code })).status);
    }
    expect(statuses).toEqual([303, 401, 303, 401]);
  });

  it('cannot be kept out of a browser they know, which has as many attempts for itself', async () => {
    await withUser();
    const [known, stranger] = [new BrowserLike(app), new BrowserLike(app, '192.0.2.7')];
    expect((await logIn(known)).status).toBe(303);
    const wrong = async (browser: BrowserLike) => (await logIn(browser, { password: 'wrong' })).status;
    for (let count = 0; count < 6; count += 1) expect(await wrong(stranger)).toBe(401);
    expect(await wrong(stranger)).toBe(429);
    expect((await logIn(stranger)).status).toBe(429);
    expect((await logIn(known)).status).toBe(303);
    expect((await logIn(stranger)).status).toBe(429);
    const statuses: number[] = [];
    for (let count = 0; count < 8; count += 1) statuses.push(await wrong(known));
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429, 429]);
  });

  it('have a sign of a browser count for its user only, and as long as it is unchanged', async () => {
    await withUser();
    await withUser('bo');
    const browser = new BrowserLike(app);
    expect((await logIn(browser, { user: 'bo' })).status).toBe(303);
    const sign = browser.cookies.get('__Host-deploy-code-device')!;
    for (const user of ['ana', 'bo']) {
      const stranger = new BrowserLike(app, `192.0.2.${user.length}`);
      for (let count = 0; count < 6; count += 1) await logIn(stranger, { user, password: 'wrong' });
    }
    expect((await logIn(browser)).status).toBe(429);
    browser.cookies.set('__Host-deploy-code-device', `${sign.slice(0, -2)}AA`);
    expect((await logIn(browser, { user: 'bo' })).status).toBe(429);
    browser.cookies.set('__Host-deploy-code-device', sign);
    expect((await logIn(browser, { user: 'bo' })).status).toBe(303);
  });

  it('are locked by guessed codes too: a right password in between forgets nothing', async () => {
    await withUser();
    await withApp();
    const statuses: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      const browser = new BrowserLike(app);
      statuses.push((await logIn(browser)).status);
      await browser.open('/auth/second-factor');
      statuses.push((await browser.send('/auth/second-factor', { code: `${count}00000` })).status);
    }
    // Without a right password there is no page for the second factor.
    expect(statuses).toEqual([303, 401, 303, 401, 303, 401, 429, 303, 429, 303]);
  });

  it('set up a second factor at log-in if an admin requires it', async () => {
    await withUser();
    await world.local.users.requireSecondFactor(true);
    const browser = new BrowserLike(app);
    expect((await logIn(browser, { return: '/device' })).to).toBe('/auth/account');
    expect((await browser.open('/auth/account')).body).toContain('A second factor is needed');
    expect(await isLoggedIn(browser)).toBe(false);
    await browser.open('/auth/account');
    for (const path of ['recovery-codes', 'removal', 'password'])
      expect((await browser.send(`/auth/account/${path}`, {})).status).toBe(401);
    await browser.open('/auth/account');
    const secret = secretIn(await browser.send('/auth/account/app', {}));
    const wrong = await browser.send('/auth/account/app/code', { code: '000000' });
    expect(wrong.status).toBe(400);
    await browser.open('/auth/account');
    const done = await browser.send('/auth/account/app/code', { code: codeOf(secret) });
    expect(codesIn(done)).toHaveLength(10);
    expect(done.body).toContain('href="/device"');
    expect(await isLoggedIn(browser)).toBe(true);
  });

  it('add no second factor with a password alone, once they have one', async () => {
    await withUser();
    await world.local.users.requireSecondFactor(true);
    const thief = new BrowserLike(app);
    expect((await logIn(thief)).to).toBe('/auth/account');
    await thief.open('/auth/account');
    await world.local.users.requireSecondFactor(false);
    await withApp();
    expect((await thief.send('/auth/account/app', {})).status).toBe(401);
  });

  it('get a digest with the current parameters when they log in, also on the way to a second factor', async () => {
    await withUser();
    const { secret } = await withApp();
    const { ana } = world.local.state.users;
    ana!.password = await new PasswordHasher({ logN: 10, r: 4, p: 1 }).digest(password);
    const browser = new BrowserLike(app);
    expect((await logIn(browser, { password: 'wrong' })).status).toBe(401);
    expect(ana!.password).toContain('scrypt$10$4$');
    expect((await logIn(browser)).to).toBe('/auth/second-factor');
    expect(ana!.password).toContain('scrypt$10$8$');
    await browser.open('/auth/second-factor');
    expect((await browser.send('/auth/second-factor', { code: codeOf(secret) })).to).toBe('/login');
  });

  it('lose what was begun with a password when it changes', async () => {
    await withUser();
    await withApp();
    const thief = new BrowserLike(app);
    await logIn(thief);
    await thief.open('/auth/second-factor');
    await accept((await world.local.users.invite('ana')).path, 'another river of tin');
    expect((await thief.send('/auth/second-factor', { code: '000000' })).to).toBe('/login');
  });

  it('change the password, which ends their sessions, and remove second factors', async () => {
    await withUser();
    const browser = new BrowserLike(app);
    const other = new BrowserLike(app);
    await logIn(other);
    expect(await isLoggedIn(other)).toBe(true);
    await logIn(browser, { purpose: 'account' });
    await browser.open('/auth/account');
    const next = { password: 'another river of tin', repeated: 'another river of tin' };
    expect((await browser.send('/auth/account/password', { ...next, repeated: 'x' })).status).toBe(400);
    await browser.open('/auth/account');
    expect((await browser.send('/auth/account/password', next)).to).toBe('/login');
    expect(await isLoggedIn(other)).toBe(false);
    expect((await browser.open('/auth/account')).body).toContain('Log in again');
    expect((await logIn(browser)).status).toBe(401);
    expect((await logIn(browser, { password: next.password })).to).toBe('/login');
  });

  it.each([
    ['/auth/password', { user: 'ana', password }],
    ['/auth/second-factor', { code: '000000' }],
    ['/auth/passkey', { answer: '{}' }],
    ['/auth/account/app', {}],
    ['/auth/account/password', {}],
    ['/auth/sessions', { session: '0123456789abcdef' }],
  ])('refuse %s from a page of somebody else', async (path, fields) => {
    await withUser();
    const browser = new BrowserLike(app);
    await browser.open('/login');
    expect((await browser.send(path, { ...fields, form_token: 'x' })).status).toBe(403);
    await browser.open('/login');
    expect((await browser.send(path, fields, { origin: 'https://evil.example' })).status).toBe(403);
  });

  it.each(['role', 'first', 'stage', 'secondFactor', '__proto__', 'constructor'])(
    'refuse a form with the field %s',
    async (field) => {
      await withUser();
      expect((await logIn(new BrowserLike(app), { [field]: 'admin' })).status).toBe(400);
    },
  );

  it.each(['', 'x', '{}', 'null', '{"id":"passkey-of-nobody-x"}'])('refuse the passkey %j', async (answer) => {
    await withUser();
    const browser = new BrowserLike(app);
    const { body } = await browser.open('/login');
    const [, state] = /name="state" value="([\w-]+)"/.exec(body)!;
    for (const given of [state!, '', 'A'.repeat(100)]) {
      expect((await browser.send('/auth/passkey', { answer, state: given })).status).toBe(401);
      await browser.open('/login');
    }
  });

  it('block an address that tries many of them, and say so in the audit trail', async () => {
    await withUser();
    for (let index = 0; index < 10; index += 1)
      await logIn(new BrowserLike(app, '192.0.2.66'), { user: `user-${index}`, password });
    expect((await new BrowserLike(app, '192.0.2.66').open('/login')).status).toBe(429);
    // What nobody can guess is let in from there: a program of somebody else may share the address.
    const refresh = { grant_type: 'refresh_token', client_id: 'deploy-code-cli', refresh_token: 'x' };
    const { status, body } = await new BrowserLike(app, '192.0.2.66').send('/auth/token', refresh);
    expect([status, body]).toEqual([400, expect.stringContaining('invalid_grant')]);
    expect((await new BrowserLike(app, '192.0.2.67').open('/login')).status).toBe(200);
    expect(world.records).toContain('server: security.threat_detected credential_stuffing from 192.0.2.66');
  });

  it('run one script of this server on their pages, and no other', async () => {
    await withUser();
    const page = await app.inject({ url: '/login', headers: { host: 'deploy.example.com' } });
    expect(page.headers['content-security-policy']).toContain("default-src 'none';script-src 'self';");
    expect([...page.body.matchAll(/<script[^>]*>/g)].map(([tag]) => tag)).toEqual([
      '<script src="/auth/passkey.js" defer>',
    ]);
    const script = await app.inject({ url: '/auth/passkey.js', headers: { host: 'deploy.example.com' } });
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
  });
});
