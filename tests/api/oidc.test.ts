import { personOf } from '../../src/api/auth/person';
import type { AccessConfig } from '../../src/config/access';
import { startIdentityProvider, type IdentityProvider } from '../support/identity-provider';
import { AccessWorld, cookiesOf, externalUrl, host, loggedIn, serverOf } from '../support/people';

const callback = `${externalUrl}/auth/callback/company`;

describe('a log-in at an identity provider', () => {
  let provider: IdentityProvider;
  let world: AccessWorld;
  let app: Awaited<ReturnType<typeof serverOf>>;
  let declared: AccessConfig['providers'];
  const failures: string[] = [];
  beforeAll(async () => {
    provider = await startIdentityProvider([callback]);
  });
  afterAll(() => provider.close());
  beforeEach(async () => {
    world = new AccessWorld();
    failures.length = 0;
    const company = {
      type: 'oidc',
      issuer: provider.issuer,
      client_id: 'deploy-code',
      secret: 'a secret of the client',
      groups_claim: 'groups',
    } as const;
    declared = { company, other: { ...company, issuer: 'http://127.0.0.1:9' } };
    app = await serverOf(world, { providers: declared }, { onFailure: ({ message }) => failures.push(message) });
  });
  afterEach(() => app.close());

  const get = (url: string, cookie = '') => app.inject({ url, headers: { host, cookie } });
  const begin = async (back = '/device') => {
    const answer = await get(`/auth/login/company?${new URLSearchParams({ return: back }).toString()}`);
    expect(answer.statusCode).toBe(303);
    return { location: answer.headers.location as string, cookie: cookiesOf(answer) };
  };
  const pathOf = ({ pathname, search }: URL) => `${pathname}${search}`;
  const logIn = async (account: string, back?: string) => {
    const { location, cookie } = await begin(back);
    const url = await provider.logIn(location, account);
    expect(url.href).toContain(callback);
    return { url: pathOf(url), cookie, answer: await get(pathOf(url), cookie) };
  };

  it('opens a session of the verified address, with the groups that have a name, and leads back', async () => {
    const { answer } = await logIn('ana');
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/device']);
    expect(await world.sessions.list()).toMatchObject([
      { subject: 'user:ana@acme.example', groups: ['ops'], method: 'oidc company', kind: 'browser', from: '127.0.0.1' },
    ]);
    const session = ([answer.headers['set-cookie']].flat() as string[]).find((line) => line.includes('=dcb_'))!;
    expect(session).toMatch(/^__Host-deploy-code=dcb_\w+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure$/);
    expect((await get('/login', cookiesOf(answer))).body).toContain('user:ana@acme.example');
    expect(failures).toEqual([]);
  });

  it('asks the provider with PKCE, state and nonce, and shows none of its secrets', async () => {
    const { location } = await begin();
    const query = Object.fromEntries(new URL(location).searchParams);
    expect(query).toMatchObject({
      response_type: 'code',
      redirect_uri: callback,
      code_challenge_method: 'S256',
      scope: 'openid email profile',
    });
    for (const needed of ['state', 'nonce', 'code_challenge']) expect(query[needed]!.length).toBeGreaterThan(40);
    expect(location).not.toContain('secret');
  });

  it.each(['https://evil.example', '//evil.example', '/auth/logout'])('never leads back to %s', async (back) => {
    const { answer } = await logIn('ana', back);
    expect(answer.headers.location).toBe('/login');
  });

  it('opens none twice with the same answer of the provider', async () => {
    const { url, cookie } = await logIn('ana');
    expect((await get(url, cookie)).statusCode).toBe(403);
    expect(await world.sessions.list()).toHaveLength(1);
  });

  it('opens none in a browser that did not begin it, nor for a foreign state or nonce', async () => {
    const { location, cookie } = await begin();
    const url = pathOf(await provider.logIn(location, 'ana'));
    expect((await get(url)).statusCode).toBe(400);
    expect((await get(url, (await begin()).cookie)).statusCode).toBe(403);
    const begun = JSON.parse(Buffer.from(cookie.split('=')[1]!, 'base64url').toString()) as object;
    for (const wrong of [{ nonce: 'x' }, { state: 'x' }, { verifier: 'x'.repeat(43) }, { provider: 'other' }]) {
      const changed = Buffer.from(JSON.stringify({ ...begun, ...wrong })).toString('base64url');
      const answer = await get(url, `__Host-deploy-code-oidc=${changed}`);
      expect([400, 403]).toContain(answer.statusCode);
    }
    for (const junk of ['bnVsbA', 'W10', 'x', Buffer.from('{"provider":"company"}').toString('base64url')])
      expect((await get(url, `__Host-deploy-code-oidc=${junk}`)).statusCode).toBe(400);
    expect(await world.sessions.list()).toEqual([]);
  });

  it('replaces the session that the browser had, and never takes an id that it brought', async () => {
    const before = await loggedIn(world, 'user:eve');
    const { location, cookie } = await begin();
    const url = pathOf(await provider.logIn(location, 'ana'));
    const answer = await get(url, `${cookie}; ${before}`);
    expect(cookiesOf(answer)).not.toContain(before.split('=')[1]);
    expect((await world.sessions.list()).map(({ subject }) => subject)).toEqual(['user:ana@acme.example']);
    expect((await get('/login', before)).body).not.toContain('user:');
  });

  it('says no to those who are not allowed, and to addresses that are not verified', async () => {
    declared.company = { ...declared.company!, allowed: { domains: ['ACME.example'] } };
    const { answer } = await logIn('bob');
    expect([answer.statusCode, answer.body]).toEqual([403, expect.stringContaining('not among those who may log in')]);
    expect((await logIn('eve')).answer.statusCode).toBe(403);
    declared.company = { ...declared.company!, allowed: undefined };
    await logIn('eve');
    expect((await world.sessions.list()).map(({ subject }) => subject)).toEqual(['user:eve']);
  });

  it('tells what is wrong when the provider says no, is away, or is none', async () => {
    const { cookie, location } = await begin();
    const state = new URL(location).searchParams.get('state')!;
    const said = new URLSearchParams({ error: '<script>', error_description: '<b>', state, iss: provider.issuer });
    const denied = await get(`/auth/callback/company?${said.toString()}`, cookie);
    expect([denied.statusCode, denied.body]).toEqual([403, expect.not.stringContaining('<script>')]);
    const away = await get('/auth/login/other');
    expect([away.statusCode, away.body]).toEqual([503, expect.stringContaining('other cannot be reached')]);
    for (const name of ['nobody', '__proto__', 'constructor'])
      expect((await get(`/auth/login/${name}`)).statusCode).toBe(404);
  });
});

describe('a person', () => {
  const claims = {
    sub: 'u1',
    email: 'Ana@Acme.example',
    email_verified: true,
    groups: ['ops', 'ops', 'not a name', 7],
  };
  const subjectOf = (rules: Parameters<typeof personOf>[1], more: object = {}) =>
    personOf('company', rules, { ...claims, ...more }).subject;

  it.each([
    ['their verified address', {}, {}, 'user:ana@acme.example'],
    ['the name of the provider without a verified address', {}, { email_verified: false }, 'user:u1'],
    ['the same if the provider does not say it in the right way', {}, { email_verified: 'true' }, 'user:u1'],
    ['the claim that is declared', { subject_claim: 'login' }, { login: 'ana' }, 'user:ana'],
    ['sub if that is declared', { subject_claim: 'sub' }, {}, 'user:u1'],
  ])('is %s', (_, rules, more, subject) => {
    expect(subjectOf(rules, more)).toBe(subject);
  });

  it.each([
    ['an address as a name that is not verified', {}, { sub: 'root@acme.example', email_verified: false }],
    ['an address that is not verified, where it is declared', { subject_claim: 'email' }, { email_verified: false }],
    ['a declared claim that is missing', { subject_claim: 'login' }, {}],
    ['a declared claim that is no text', { subject_claim: 'login' }, { login: ['ana'] }],
    ['a name that leads elsewhere', { subject_claim: 'login' }, { login: '../root' }],
    ['a name with a line break', { subject_claim: 'login' }, { login: 'ana\nroot' }],
    ['another domain', { allowed: { domains: ['other.example'] } }, {}],
    ['a domain that only begins like it', { allowed: { domains: ['acme.example'] } }, { email: 'a@acme.example.evil' }],
    ['a domain that is not verified', { allowed: { domains: ['acme.example'] } }, { email_verified: false }],
    ['no group that is allowed', { allowed: { groups: ['admins'] }, groups_claim: 'groups' }, {}],
    ['a group that no claim names', { allowed: { groups: ['ops'] } }, {}],
  ])('is nobody with %s', (_, rules, more) => {
    expect(() => subjectOf(rules, more)).toThrow();
  });

  it('is in the groups that have a name which a role can be given to', () => {
    const { groups } = personOf('company', { groups_claim: 'groups', allowed: { groups: ['ops'] } }, claims);
    expect(groups).toEqual(['ops']);
    expect(personOf('company', { groups_claim: 'groups' }, { ...claims, groups: 'ops' }).groups).toEqual(['ops']);
    expect(personOf('company', { groups_claim: '__proto__' }, claims).groups).toEqual([]);
  });
});
