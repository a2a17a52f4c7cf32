import { createHmac, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { newSessionToken } from '../../src/guard/access/session-token';
import { SigningKeys } from '../../src/api/auth/jwt/signing-keys';
import { AccessDirectory } from '../../src/api/access/directory';
import { lifetimes } from '../../src/model/access';
import { AccessWorld, externalUrl, serverOf } from '../support/people';

const issuer = externalUrl;
const minute = 60_000;

/** A server of its own: it shares only what the installation keeps. */
function server(world: AccessWorld, of = issuer) {
  let passed = 0;
  const source = world.access as never;
  const directory = new AccessDirectory(source, () => undefined, { issuer: of, elapsed: () => passed });
  const keys = new SigningKeys(of, (key) => world.sessions.publishKey(key));
  return { directory, keys, pass: (ms: number) => void (passed += ms) };
}

const open = (world: AccessWorld, more: object = {}) => {
  const { text: _text, ...secrets } = newSessionToken('command-line');
  const person = { subject: 'user:ana', groups: ['ops'], method: 'oidc company', kind: 'command-line' as const };
  return world.sessions.open({ ...secrets, ...person, ...more });
};
const tokenFor = async ({ keys }: ReturnType<typeof server>, session: Awaited<ReturnType<typeof open>>) =>
  (await keys.issue({ ...session, session: session.id, client: 'deploy-code-cli' })).text;

const encode = (data: object) => Buffer.from(JSON.stringify(data)).toString('base64url');
const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

describe('an access token', () => {
  it('that one server has made is valid at every other, for its subject and its groups', async () => {
    const world = new AccessWorld();
    world.state.bindings.push(
      { subject: 'group:ops', role: 'operator', scope: 'shop', by: 'root', at: 0 },
      { subject: 'user:ana', role: 'viewer', scope: '*', by: 'root', at: 0 },
      { subject: 'group:others', role: 'admin', scope: '*', by: 'root', at: 0 },
    );
    const session = await open(world);
    const text = await tokenFor(server(world), session);
    expect(await server(world).directory.authenticate(text)).toEqual({
      subject: 'user:ana',
      token: session.id,
      session: session.id,
      groups: ['group:ops'],
      roles: [
        expect.objectContaining({ subject: 'group:ops', role: 'operator' }),
        expect.objectContaining({ subject: 'user:ana', role: 'viewer' }),
      ],
    });
    expect(JSON.stringify(world.state)).not.toContain('"d":');
  });

  it('of somebody with the most and longest groups fits into a request', async () => {
    const world = new AccessWorld();
    const groups = Array.from({ length: 60 }, (_, index) => `g${index}`.padEnd(120, 'x'));
    const session = await open(world, { groups });
    expect(session.groups).toHaveLength(50);
    const text = await tokenFor(server(world), session);
    expect(text.length).toBeLessThan(10_000);
    const app = await serverOf(world);
    const headers = { host: 'deploy.example.com', authorization: `Bearer ${text}` };
    expect((await app.inject({ url: '/api/v1/whoami', headers })).statusCode).toBe(200);
    await app.close();
  });

  it('is known by every server from its next look', async () => {
    const world = new AccessWorld();
    const other = server(world);
    await other.directory.check();
    const text = await tokenFor(server(world), await open(world));
    other.pass(300);
    expect(await other.directory.authenticate(text)).toBeDefined();
  });

  it('ends after ten minutes, or with its session', async () => {
    const world = new AccessWorld();
    const here = server(world);
    const session = await open(world);
    const text = await tokenFor(here, session);
    const now = Date.now();
    expect(await here.directory.authenticate(text, now + 9 * minute)).toBeDefined();
    expect(await here.directory.authenticate(text, now + 10 * minute + 1000)).toBeUndefined();
    const { expiresIn } = await here.keys.issue({ ...session, client: 'x', until: now + 5 * minute });
    expect(expiresIn).toBeLessThanOrEqual(300);
  });

  it('of a revoked session is refused by every server within five seconds', async () => {
    const world = new AccessWorld();
    const [one, other] = [server(world), server(world)];
    const session = await open(world);
    const text = await tokenFor(one, session);
    for (const { directory } of [one, other]) expect(await directory.authenticate(text)).toBeDefined();
    await world.sessions.revoke(session.id);
    for (const each of [one, other]) {
      each.pass(5000);
      expect(await each.directory.authenticate(text)).toBeUndefined();
    }
  });

  it('is signed with another key after a day, while those of the old one stay valid', async () => {
    const world = new AccessWorld();
    let now = Date.now();
    const keys = new SigningKeys(
      issuer,
      (key) => world.sessions.publishKey(key),
      () => now,
    );
    const identity = { subject: 'user:ana', groups: [], client: 'x' };
    const kids = [];
    for (const passed of [0, minute, lifetimes.key]) {
      now += passed;
      kids.push(decode((await keys.issue(identity)).text.split('.')[0]!).kid);
    }
    expect(new Set(kids).size).toBe(2);
    expect(kids[0]).toBe(kids[1]);
    expect(Object.keys(world.state.keys!)).toEqual([kids[0], kids[2]]);
  });

  it('is made with one key, however many ask for the first one at once', async () => {
    const world = new AccessWorld();
    const { keys } = server(world);
    await Promise.all([1, 2, 3, 4].map(() => keys.issue({ subject: 'user:ana', groups: [], client: 'x' })));
    expect(Object.keys(world.state.keys!)).toHaveLength(1);
  });
});

describe('a forged access token', () => {
  const world = new AccessWorld();
  const here = server(world);
  let valid: string;
  let header: Record<string, unknown>;
  let payload: Record<string, unknown>;
  beforeAll(async () => {
    valid = await tokenFor(here, await open(world));
    [header, payload] = valid.split('.').slice(0, 2).map(decode) as [typeof header, typeof payload];
  });
  const refuses = async (text: string) => expect(await server(world).directory.authenticate(text)).toBeUndefined();
  const foreign = generateKeyPairSync('ed25519').privateKey;
  const signed = (head: object, body: object, key = foreign) => {
    const text = `${encode(head)}.${encode(body)}`;
    return `${text}.${signBytes(null, Buffer.from(text), key).toString('base64url')}`;
  };

  it('is refused without a signature, whatever it calls its algorithm', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      await refuses(`${encode({ ...header, alg })}.${encode(payload)}.`);
      await refuses(`${encode({ ...header, alg })}.${encode(payload)}.AAAA`);
    }
    await refuses(`${valid.split('.').slice(0, 2).join('.')}.`);
  });

  it('is refused if it is an HMAC with the public key', async () => {
    const { x } = world.state.keys![header.kid as string]!;
    const raw = Buffer.from(x, 'base64url');
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
    const pem = `-----BEGIN PUBLIC KEY-----\n${spki.toString('base64')}\n-----END PUBLIC KEY-----\n`;
    const text = `${encode({ ...header, alg: 'HS256' })}.${encode(payload)}`;
    for (const secret of [raw, spki, pem, x])
      await refuses(`${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`);
  });

  it('is refused with a foreign key: under a known id, an unknown one, in the token, or at an address', async () => {
    const { x } = foreign.export({ format: 'jwk' }) as { x: string };
    const jwk = { kty: 'OKP', crv: 'Ed25519', x };
    await refuses(signed(header, payload));
    await refuses(signed({ ...header, kid: 'A'.repeat(43) }, payload));
    await refuses(signed({ ...header, kid: '__proto__' }, payload));
    await refuses(signed({ alg: 'EdDSA', typ: 'at+jwt' }, payload));
    await refuses(signed({ ...header, jwk, jku: 'https://evil.example/keys', x5u: 'https://evil.example' }, payload));
  });

  it('is refused if one of its parts was changed', async () => {
    const [, , signature] = valid.split('.');
    await refuses(`${encode(header)}.${encode({ ...payload, sub: 'user:root' })}.${signature}`);
    await refuses(`${encode({ ...header, crit: ['b64'], b64: false })}.${encode(payload)}.${signature}`);
    await refuses(`${valid.slice(0, -2)}${valid.endsWith('AA') ? 'BA' : 'AA'}`);
  });

  /** Signed by a key of the installation, as a server with another purpose, or a mistake, would. */
  it('is refused for another issuer, audience or type, when it has ended, or says no end', async () => {
    const own = generateKeyPairSync('ed25519');
    const { x } = own.publicKey.export({ format: 'jwk' }) as { x: string };
    const kid = 'B'.repeat(43);
    await world.sessions.publishKey({ id: kid, x, until: Date.now() + minute });
    const good = { ...header, kid };
    const { exp: _exp, ...endless } = payload;
    expect(await server(world).directory.authenticate(signed(good, payload, own.privateKey))).toBeDefined();
    const wrong: [object, object][] = [
      [good, { ...payload, iss: 'https://evil.example' }],
      [good, { ...payload, aud: 'https://other.example/api/v1' }],
      [good, { ...payload, aud: [] }],
      [good, { ...payload, exp: Math.floor(Date.now() / 1000) - 1 }],
      [good, endless],
      [good, { ...payload, exp: 'never' }],
      [good, { ...payload, nbf: Math.floor(Date.now() / 1000) + 3600 }],
      [good, { ...payload, sub: 'root' }],
      [good, { ...payload, groups: 'ops' }],
      [good, { ...payload, groups: [{ toString: 'ops' }] }],
      [good, { ...payload, sid: 7 }],
      [{ ...good, typ: 'JWT' }, payload],
      [{ ...good, typ: undefined }, payload],
    ];
    for (const [head, body] of wrong) await refuses(signed(head, body, own.privateKey));
  });

  it('is refused by a server of another installation, and by one where nobody can log in', async () => {
    expect(await server(world, 'https://other.example').directory.authenticate(valid)).toBeUndefined();
    const without = new AccessDirectory(world.access as never, () => undefined);
    expect(await without.authenticate(valid)).toBeUndefined();
  });

  it('is refused once the key of its server has ended', async () => {
    const state = structuredClone(world.state);
    state.keys![header.kid as string]!.until = Date.now() - 1;
    const directory = new AccessDirectory(
      { ...(world.access as object), state: async () => state } as never,
      () => {},
      {
        issuer,
      },
    );
    expect(await directory.authenticate(valid)).toBeUndefined();
  });
});
