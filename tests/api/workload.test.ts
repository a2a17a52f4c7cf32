import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { matches } from '../../src/api/auth/workload';
import { AccessWorld, externalUrl, formHeaders, host, serverOf } from '../support/people';

const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const jwt = 'urn:ietf:params:oauth:token-type:jwt';

/** As GitHub Actions signs tokens of jobs. */
const claims = {
  sub: 'repo:acme/shop:ref:refs/heads/main',
  repository: 'acme/shop',
  ref: 'refs/heads/main',
  run_id: '4711',
};

describe('the token of a CI job', () => {
  let ci: Server;
  let issuer: string;
  let world: AccessWorld;
  let app: Awaited<ReturnType<typeof serverOf>>;
  let key: CryptoKey;
  let publicKey: CryptoKey;
  const failures: string[] = [];
  const kid = 'k1';
  beforeAll(async () => {
    ({ privateKey: key, publicKey } = await generateKeyPair('RS256'));
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig' }] };
    ci = createServer((request, response) => {
      const about = {
        issuer,
        jwks_uri: `${issuer}/keys`,
        authorization_endpoint: issuer,
        response_types_supported: [],
      };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(request.url === '/keys' ? keys : about));
    });
    await new Promise<void>((ready) => ci.listen(0, '127.0.0.1', ready));
    issuer = `http://127.0.0.1:${(ci.address() as AddressInfo).port}`;
  });
  afterAll(() => ci.close());
  beforeEach(async () => {
    world = new AccessWorld();
    failures.length = 0;
    const rules = [
      { claims: { repository: 'acme/shop', ref: 'refs/heads/main' }, subject: 'service:ci' },
      { claims: { repository: 'acme/shop', ref: 'refs/tags/*' }, subject: 'service:releases' },
    ];
    const workloads = { github: { issuer, rules }, others: { issuer: 'http://127.0.0.1:9', rules } };
    app = await serverOf(world, { workloads }, { onFailure: ({ message }) => failures.push(message) });
  });
  afterEach(() => app.close());

  const sign = (more: JWTPayload = {}, header: object = {}, by: CryptoKey | Uint8Array = key) =>
    new SignJWT({ iss: issuer, aud: externalUrl, ...claims, iat: now(), exp: now() + 300, ...more })
      .setProtectedHeader({ alg: 'RS256', kid, ...header })
      .sign(by);
  const now = () => Math.floor(Date.now() / 1000);
  const exchange = async (token: string, more: Record<string, string> = {}) => {
    const form = { grant_type: grantType, subject_token: token, subject_token_type: jwt, ...more };
    const payload = new URLSearchParams(form).toString();
    const answer = await app.inject({ method: 'POST', url: '/auth/token', headers: formHeaders, payload });
    return { status: answer.statusCode, body: answer.json() as Record<string, string> };
  };
  const whoami = async (token: string) =>
    (await app.inject({ url: '/api/v1/whoami', headers: { host, authorization: `Bearer ${token}` } })).json() as object;

  it('becomes a token of ten minutes of the subject of the first rule that fits, and is recorded', async () => {
    const { status, body } = await exchange(await sign());
    expect([status, body]).toEqual([
      200,
      {
        access_token: expect.any(String) as string,
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'Bearer',
        expires_in: 600,
      },
    ]);
    expect(await whoami(body.access_token!)).toMatchObject({ subject: 'service:ci' });
    const release = await exchange(await sign({ ref: 'refs/tags/v1' }), { subject_token_type: jwt });
    expect(await whoami(release.body.access_token!)).toMatchObject({ subject: 'service:releases' });
    expect(world.records.filter((line) => line.includes('access token'))).toEqual([
      expect.stringMatching(/access token [0-9a-f]{16} for service:ci by workload github$/),
      expect.stringMatching(/for service:releases by workload github$/),
    ]);
    expect(await world.sessions.list()).toEqual([]);
  });

  it.each([
    ['of another branch', { ref: 'refs/heads/evil' }],
    ['of another repository', { repository: 'acme/shop2' }],
    ['without a claim of the rules', { repository: undefined }],
    ['whose claim is a list', { repository: ['acme/shop'] }],
    ['that has ended', { exp: 1 }],
    ['without an end', { exp: undefined }],
    ['for somebody else', { aud: 'https://other.example' }],
    ['for nobody', { aud: undefined }],
    ['of an issuer that is not declared', { iss: 'https://evil.example' }],
    ['of no issuer', { iss: undefined }],
    ['that begins later', { nbf: 9_999_999_999 }],
  ])('is refused: one %s', async (_, wrong) => {
    expect(await exchange(await sign(wrong as JWTPayload))).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect(world.state.keys ?? {}).toEqual({});
  });

  it('is refused with a foreign key, an unknown one, no signature, or an HMAC with the public key', async () => {
    const foreign = await generateKeyPair('RS256');
    const unsigned = (await sign()).split('.')[1]!;
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const pem = new TextEncoder().encode(await exportSPKI(publicKey));
    for (const token of [
      await sign({}, {}, foreign.privateKey),
      await sign({}, { kid: 'other' }, foreign.privateKey),
      await sign({}, { alg: 'HS256' }, pem),
      `${none}.${unsigned}.`,
    ])
      expect(await exchange(token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it.each([['x'], [''], ['a.b.c'], ['ey.ey.ey']])('is refused: %j is none', async (token) => {
    expect(await exchange(token)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('is not exchanged for something else, nor are other tokens', async () => {
    const token = await sign();
    const refresh = 'urn:ietf:params:oauth:token-type:refresh_token';
    expect(await exchange(token, { requested_token_type: refresh })).toMatchObject({ status: 400 });
    expect(await exchange(token, { subject_token_type: refresh })).toMatchObject({ status: 400 });
    const own = (await exchange(token)).body.access_token!;
    expect(await exchange(own)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('waits for an issuer that is away, and says so', async () => {
    const { status, body } = await exchange(await sign({ iss: 'http://127.0.0.1:9' }));
    expect([status, body.error]).toEqual([503, 'temporarily_unavailable']);
    expect(failures).toHaveLength(1);
  });
});

describe('a rule of a workload', () => {
  it.each([
    ['acme/shop', 'acme/shop', true],
    ['acme/shop', 'acme/shop2', false],
    ['acme/shop', 'ACME/shop', false],
    ['acme/*', 'acme/shop', true],
    ['acme/*', 'acme2/shop', false],
    ['acme/*', 'x/acme/shop', false],
    ['1', 1, true],
    ['true', true, true],
    ['acme', ['acme'], false],
    ['acme', undefined, false],
  ])('with %j fits %j: %j', (pattern, value, expected) => {
    expect(matches({ claim: pattern }, { claim: value })).toBe(expected);
  });
  it('needs every claim, and takes none that all objects have', () => {
    expect(matches({ a: 'x', b: 'y' }, { a: 'x' })).toBe(false);
    expect(matches({ constructor: 'x' }, {})).toBe(false);
  });
});
