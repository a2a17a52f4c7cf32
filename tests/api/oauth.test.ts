import * as oauth from 'openid-client';
import { lifetimes } from '../../src/model/access';
import type { SignIn } from '../../src/client/access/sign-in';
import { codeLimits } from '../../src/workflows/messages';
import { AccessWorld, externalUrl, fetchFrom, formHeaders, formOf, host, loggedIn, serverOf } from '../support/people';

const client = 'deploy-code-cli';
const redirectUri = 'http://127.0.0.1:50123/callback';

/** Two servers side by side, whose requests a standard client makes in turns. */
describe('the log-in of the command line', () => {
  let world: AccessWorld;
  let apps: Awaited<ReturnType<typeof serverOf>>[];
  let config: oauth.Configuration;
  beforeEach(async () => {
    world = new AccessWorld();
    apps = [await serverOf(world), await serverOf(world)];
    config = await oauth.discovery(new URL(externalUrl), client, undefined, oauth.None(), {
      algorithm: 'oauth2',
      [oauth.customFetch]: fetchFrom(...apps) as never,
    });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await Promise.all(apps.map((app) => app.close()));
  });
  const pass = (ms: number) => {
    const later = Date.now() + ms;
    jest.spyOn(Date, 'now').mockReturnValue(later);
  };

  const get = (url: string, cookie = '') => apps[0]!.inject({ url, headers: { host, cookie } });
  const submit = (
    url: string,
    form: Record<string, string>,
    cookie: string,
    headers: object = {},
    app: (typeof apps)[number] = apps[1]!,
  ) =>
    app.inject({
      method: 'POST',
      url,
      headers: { ...formHeaders, cookie, ...headers },
      payload: new URLSearchParams(form).toString(),
    });
  const post = async (url: string, form: Record<string, string>, app = apps[1]!) => {
    const answer = await submit(url, { client_id: client, ...form }, '', {}, app);
    return { status: answer.statusCode, body: answer.json() as Record<string, string>, headers: answer.headers };
  };
  const whoami = async (token: string, app = apps[1]!) =>
    (await app.inject({ url: '/api/v1/whoami', headers: { host, authorization: `Bearer ${token}` } })).json() as object;

  const begin = async (more: Record<string, string> = {}) => {
    const verifier = oauth.randomPKCECodeVerifier();
    const state = oauth.randomState();
    const url = oauth.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      ...more,
    });
    return { verifier, state, path: `${url.pathname}${url.search}` };
  };
  /** Consents as a person does; resolves with the address that the browser is sent to. */
  const consent = async (path: string, cookie: string, decision = 'allow') => {
    const { body } = await get(path, cookie);
    const { statusCode, headers } = await submit('/auth/authorize', { ...formOf(body), decision }, cookie);
    expect(statusCode).toBe(303);
    return new URL(headers.location as string);
  };
  const codeOf = async () => {
    const { verifier, path } = await begin();
    const code = (await consent(path, await loggedIn(world))).searchParams.get('code')!;
    return {
      code,
      form: { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier },
    };
  };
  const logIn = async () => (await post('/auth/token', (await codeOf()).form)).body;

  it('ends with tokens, by way of the log-in page and a page that asks', async () => {
    const { verifier, state, path } = await begin();
    const unknown = await get(path);
    expect(unknown.headers.location).toBe(`/login?${new URLSearchParams({ return: path }).toString()}`);
    const cookie = await loggedIn(world);
    const back = await get(unknown.headers.location as string, cookie);
    expect([back.statusCode, back.headers.location]).toEqual([303, path]);
    const page = await get(path, cookie);
    expect(page.body).toContain('asks to act as <b>user:ana</b>');
    expect(page.headers['content-security-policy']).toContain("form-action 'self' http://127.0.0.1:50123;");
    const tokens = await oauth.authorizationCodeGrant(config, await consent(path, cookie), {
      pkceCodeVerifier: verifier,
      expectedState: state,
    });
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: lifetimes.accessToken / 1000 });
    expect(await whoami(tokens.access_token)).toMatchObject({ subject: 'user:ana' });
    const refreshed = await oauth.refreshTokenGrant(config, tokens.refresh_token!);
    expect(await whoami(refreshed.access_token)).toMatchObject({ subject: 'user:ana' });
    await oauth.tokenRevocation(config, refreshed.refresh_token!);
    apps.push(await serverOf(world));
    expect(await whoami(refreshed.access_token, apps[2])).toMatchObject({ code: 'unauthenticated' });
  });

  it('tells nobody its tokens but whoever asks, and leaves none where they are kept', async () => {
    const { body, headers } = await post('/auth/token', (await codeOf()).form);
    expect(headers['cache-control']).toBe('no-store');
    const kept = JSON.stringify(world.state) + JSON.stringify(world.records);
    for (const secret of [body.access_token!, body.refresh_token!]) expect(kept).not.toContain(secret);
  });

  it('makes tokens of a code once; a second time ends the session of the first', async () => {
    const { form } = await codeOf();
    const first = await post('/auth/token', form);
    expect(first.status).toBe(200);
    expect(await post('/auth/token', form)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const answer = await post('/auth/token', { grant_type: 'refresh_token', refresh_token: first.body.refresh_token! });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await whoami(first.body.access_token!)).toMatchObject({ code: 'unauthenticated' });
    expect(world.records.at(-1)).toContain('its code was used twice');
  });

  it('makes tokens of a code once also when two servers are asked at the same time', async () => {
    const { form } = await codeOf();
    const answers = await Promise.all([post('/auth/token', form), post('/auth/token', form)]);
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    expect(await world.sessions.list('user:ana')).not.toContainEqual(expect.objectContaining({ kind: 'command-line' }));
  });

  it('makes none with a wrong verifier, and spends the code', async () => {
    const { form } = await codeOf();
    const wrong = { ...form, code_verifier: oauth.randomPKCECodeVerifier() };
    expect(await post('/auth/token', wrong)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await post('/auth/token', form)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it.each([
    ['another redirect_uri', { redirect_uri: 'http://127.0.0.1:50124/callback' }],
    ['no verifier', { code_verifier: '' }],
    ['the challenge as the verifier', { code_verifier: 'x'.repeat(20) }],
    ['another code', { code: 'A'.repeat(43) }],
    ['no code', { code: '' }],
  ])('makes none with %s', async (_, wrong) => {
    const { form } = await codeOf();
    expect(await post('/auth/token', { ...form, ...wrong })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it('makes none after a minute', async () => {
    const { form } = await codeOf();
    pass(codeLimits.codeMs + 1);
    expect(await post('/auth/token', form)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('makes none for an unknown client, or in a way that it does not know', async () => {
    const { form } = await codeOf();
    expect(await post('/auth/token', { ...form, client_id: 'evil' })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    for (const type of ['password', 'client_credentials', '__proto__', 'constructor', ''])
      expect(await post('/auth/token', { grant_type: type })).toMatchObject({
        status: 400,
        body: { error: 'unsupported_grant_type' },
      });
  });

  it('ends when a refresh token is used again, for everybody who has one of it', async () => {
    const { refresh_token: first } = await logIn();
    const refresh = (token: string) => post('/auth/token', { grant_type: 'refresh_token', refresh_token: token });
    const { body: second } = await refresh(first!);
    expect(await refresh(first!)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await refresh(second.refresh_token!)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await whoami(second.access_token!)).toMatchObject({ code: 'unauthenticated' });
    expect(world.records.slice(-2)).toEqual([
      expect.stringContaining('a token was used twice') as string,
      'server: security.threat_detected token_reuse from 127.0.0.1',
    ]);
  });

  it('takes no refresh token for an access token, nor the other way round', async () => {
    const { refresh_token: refresh, access_token: access } = await logIn();
    expect(await whoami(refresh!)).toMatchObject({ code: 'unauthenticated' });
    expect(await post('/auth/token', { grant_type: 'refresh_token', refresh_token: access! })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it('revokes by either token, and says the same of tokens that are none', async () => {
    const { access_token: access } = await logIn();
    expect((await post('/auth/revoke', { token: access! })).status).toBe(200);
    expect(await whoami(access!)).toMatchObject({ code: 'unauthenticated' });
    for (const token of [access!, 'x', '', `dcr_${'0'.repeat(16)}_${'0'.repeat(128)}_00000000`])
      expect(await post('/auth/revoke', { token })).toMatchObject({ status: 200, body: {} });
  });

  describe('is asked for on a page', () => {
    it.each([
      ['https://evil.example/callback'],
      ['http://evil.example:50123/callback'],
      ['http://127.0.0.1.evil.example:50123/callback'],
      ['http://127.0.0.1@evil.example:50123/callback'],
      ['http://localhost:50123/callback'],
      ['http://127.0.0.1:50123/other'],
      ['http://127.0.0.1:50123/callback?next=https://evil.example'],
      ['http://127.0.0.1:50123/callback#x'],
      ['http://127.0.0.1:99999/callback'],
      ['http://127.0.0.1:50123/callback\r\nX-Evil: 1'],
      ['javascript:alert(1)'],
      [''],
    ])('that never leads to %j', async (uri) => {
      const { path } = await begin({ redirect_uri: uri });
      const cookie = await loggedIn(world);
      const { statusCode, headers } = await get(path, cookie);
      expect([statusCode, headers.location]).toEqual([400, undefined]);
      const { body } = await get((await begin()).path, cookie);
      const form = { ...formOf(body), redirect_uri: uri, decision: 'allow' };
      const posted = await submit('/auth/authorize', form, cookie);
      expect([posted.statusCode, posted.headers.location]).toEqual([400, undefined]);
    });

    it('that leads to [::1] too', async () => {
      const { path } = await begin({ redirect_uri: 'http://[::1]:50123/callback' });
      expect((await consent(path, await loggedIn(world))).host).toBe('[::1]:50123');
    });

    it.each([
      ['an unknown program', { client_id: 'evil' }],
      ['two programs', { client_id: client, extra: 'x' }],
    ])('that is an error for %s', async (_, { client_id: id, extra }: { client_id: string; extra?: string }) => {
      const { path } = await begin({ client_id: id });
      const { statusCode, headers } = await get(extra ? `${path}&client_id=evil` : path, await loggedIn(world));
      expect([statusCode, headers.location]).toEqual([400, undefined]);
    });

    it.each([
      ['without PKCE', { code_challenge: '' }, 'invalid_request'],
      ['with a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
      ['for a token at once', { response_type: 'token' }, 'unsupported_response_type'],
      ['with a state that breaks lines', { state: 'a\r\nX-Evil: 1' }, 'invalid_request'],
    ])('that tells the program what is wrong with a request %s', async (_, wrong, error) => {
      const { path } = await begin(wrong as Record<string, string>);
      const { statusCode, headers } = await get(path, await loggedIn(world));
      const url = new URL(headers.location as string);
      expect([statusCode, url.origin, url.searchParams.get('error')]).toEqual([303, 'http://127.0.0.1:50123', error]);
      expect([url.searchParams.get('iss'), url.searchParams.has('code')]).toEqual([externalUrl, false]);
      expect(headers).not.toHaveProperty('x-evil');
    });

    it('on which somebody can say no', async () => {
      const { path, state } = await begin();
      const url = await consent(path, await loggedIn(world), 'deny');
      expect(Object.fromEntries(url.searchParams)).toMatchObject({ error: 'access_denied', state, iss: externalUrl });
      expect(world.state.codes ?? {}).toEqual({});
    });

    it('whose form counts with the token of this browser only', async () => {
      const { path } = await begin();
      const [cookie, foreign] = [await loggedIn(world), await loggedIn(world, 'user:eve')];
      const form: Record<string, string> = { ...formOf((await get(path, cookie)).body), decision: 'allow' };
      const { form_token: _token, ...withoutToken } = form;
      const stolen = formOf((await get(path, foreign)).body).form_token!;
      const evil = { origin: 'https://evil.example' };
      for (const answer of [
        await submit('/auth/authorize', withoutToken, cookie),
        await submit('/auth/authorize', { ...form, form_token: stolen }, cookie),
        await submit('/auth/authorize', form, cookie, evil),
        await submit('/auth/authorize', form, ''),
      ])
        expect([answer.statusCode, answer.headers.location]).toEqual([403, undefined]);
      expect(world.state.codes ?? {}).toEqual({});
    });

    it('that escapes what it shows', async () => {
      const { path } = await begin({ state: '"><script>alert(1)</script>' });
      const { body } = await get(path, await loggedIn(world));
      expect(body).not.toContain('<script>');
      expect(formOf(body).state).toBe('"><script>alert(1)</script>');
    });
  });

  describe('of a device', () => {
    const start = () => oauth.initiateDeviceAuthorization(config, {});
    const poll = (code: string, app = apps[1]!) =>
      post('/auth/token', { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: code }, app);
    const answer = async (userCode: string, decision: string, cookie: string) => {
      const page = await get(`/device?user_code=${userCode}`, cookie);
      return submit('/device', { ...formOf(page.body), decision }, cookie);
    };

    it('ends with tokens once somebody has typed its code and allowed it', async () => {
      const device = await start();
      expect(device).toMatchObject({ verification_uri: `${externalUrl}/device`, expires_in: 600, interval: 5 });
      expect(device.user_code).toMatch(/^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/);
      expect(await poll(device.device_code)).toMatchObject({ status: 400, body: { error: 'authorization_pending' } });
      expect((await get('/device')).headers.location).toBe('/login?return=%2Fdevice');
      const cookie = await loggedIn(world);
      expect((await get('/device', cookie)).body).toContain('The code that the device shows');
      const page = await get(`/device?user_code=${device.user_code.toLowerCase().replace('-', '+')}`, cookie);
      expect(page.body).toContain('asks to act as <b>user:ana</b>');
      expect((await answer(device.user_code, 'allow', cookie)).body).toContain('The device is logged in');
      // At the other server: this one was asked a moment ago.
      const { status, body } = await poll(device.device_code, apps[0]);
      expect([status, body.error]).toEqual([200, undefined]);
      expect(await whoami(body.access_token!)).toMatchObject({ subject: 'user:ana' });
    });

    it('makes tokens once, also with several servers', async () => {
      const device = await start();
      await answer(device.user_code, 'allow', await loggedIn(world));
      const both = await Promise.all(apps.map((app) => poll(device.device_code, app)));
      expect(both.filter(({ status }) => status === 200)).toHaveLength(1);
    });

    it('ends when somebody says no, and after ten minutes', async () => {
      const [denied, late] = [await start(), await start()];
      expect((await answer(denied.user_code, 'deny', await loggedIn(world))).body).toContain('was refused');
      expect(await poll(denied.device_code)).toMatchObject({ body: { error: 'access_denied' } });
      pass(codeLimits.deviceMs + 1);
      expect(await poll(late.device_code)).toMatchObject({ body: { error: 'expired_token' } });
    });

    it('slows down who asks without waiting', async () => {
      const device = await start();
      expect(await poll(device.device_code)).toMatchObject({ body: { error: 'authorization_pending' } });
      expect(await poll(device.device_code)).toMatchObject({ body: { error: 'slow_down' } });
    });

    it('is not allowed by a form of another page, nor twice', async () => {
      const device = await start();
      const cookie = await loggedIn(world);
      const form = { user_code: device.user_code, decision: 'allow' };
      expect((await submit('/device', form, cookie)).statusCode).toBe(403);
      expect(await poll(device.device_code)).toMatchObject({ body: { error: 'authorization_pending' } });
      const { form_token: token } = formOf((await get('/login', cookie)).body);
      const withToken = { ...form, form_token: token! };
      expect((await submit('/device', withToken, cookie)).body).toContain('The device is logged in');
      expect((await submit('/device', withToken, await loggedIn(world, 'user:eve'))).statusCode).toBe(403);
      expect((await submit('/device', withToken, cookie)).body).toContain('Nobody waits for this code any more');
    });

    it('lets nobody try codes at will', async () => {
      const strict = await serverOf(world);
      const cookie = await loggedIn(world);
      const statuses: number[] = [];
      for (let attempt = 0; attempt < 32; attempt += 1) {
        const url = `/device?user_code=${'BCDFGHJKLMNPQRSTVWXZ'.slice(attempt % 12).slice(0, 8)}`;
        statuses.push((await strict.inject({ url, headers: { host, cookie } })).statusCode);
      }
      expect(statuses.filter((status) => status === 200)).toHaveLength(30);
      expect(statuses.slice(-2)).toEqual([429, 429]);
      await strict.close();
    });
  });

  it('leaves room for nothing more than a message of Temporal has', async () => {
    const device = await oauth.initiateDeviceAuthorization(config, {});
    expect(device.device_code).toBeDefined();
    const [, stored] = Object.entries(world.state.devices!)[0]!;
    const many = Array.from({ length: codeLimits.count }, (_, index) => [String(index), stored]);
    world.state.devices = Object.fromEntries(many) as typeof world.state.devices;
    expect(await post('/auth/device_authorization', {})).toMatchObject({
      status: 422,
      body: { error: 'temporarily_unavailable' },
    });
    world.state.devices = Object.fromEntries(many.slice(codeLimits.count / 2)) as typeof world.state.devices;
    expect((await post('/auth/device_authorization', {})).status).toBe(422);
    // Devices that anybody asks for do not keep people with a browser out.
    const { subject, groups, method } = { subject: 'user:ana', groups: [], method: 'oidc company' };
    const [digest, binding] = ['a'.repeat(64), 'b'.repeat(64)];
    await (world.access.signIn as SignIn).issueCode({ digest, binding, subject, groups, method });
    pass(codeLimits.deviceMs + 1);
    expect((await post('/auth/device_authorization', {})).status).toBe(200);
    expect(Object.keys(world.state.devices ?? {})).toHaveLength(1);
  });

  it('is described by the public keys of the servers, and nothing private', async () => {
    await logIn();
    const { keys } = (await get('/auth/keys')).json() as { keys: Record<string, string>[] };
    expect(keys).toEqual([expect.objectContaining({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' })]);
    expect(keys[0]).not.toHaveProperty('d');
  });
});
