import { createHash } from 'node:crypto';
import { digestOfLink } from '../../src/guard/access/one-time-secrets';
import type { Invitation } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { startEngine, type TestEngine } from '../support/engine';

const password = `scrypt$17$8$1$${'a'.repeat(22)}$${'b'.repeat(43)}`;
const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const passkey = { id: 'passkey-of-anas-phone', publicKey: 'k'.repeat(100), counter: 0, label: 'phone' };

describe('local users', () => {
  let engine: TestEngine;
  const users = () => engine.client.access.users;
  const logIns = () => users().logIns;
  const redeem = ({ path }: Invitation) => logIns().redeem(digestOfLink(path.split('/').pop()!)!, password);

  beforeAll(async () => {
    engine = await startEngine('users', { runtimes: { memory: createMemoryRuntime(new MemoryHost()) } });
  });
  afterAll(() => engine.close());

  it('set a password once by their link, and the latest link counts', async () => {
    expect(await users().list()).toEqual([]);
    const first = await users().add('ana');
    await expect(users().add('Ana')).rejects.toThrow('there is a user ana already');
    const second = await users().invite('ana');
    expect(second.path).toMatch(/^\/auth\/invitation\/[A-Za-z0-9_-]{43}$/);
    expect(second.until.getTime()).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    expect(await redeem(first)).toBeUndefined();
    const both = await Promise.all([redeem(second), redeem(second)]);
    expect(both.filter((name) => name === 'ana')).toHaveLength(1);
    expect(await users().list()).toMatchObject([{ name: 'ana', hasPassword: true, isDisabled: false }]);
    expect(JSON.stringify(await users().list())).not.toContain('scrypt');
  });

  it('use each code of an authenticator app, each recovery code and each answer of a passkey once', async () => {
    await users().add('bo');
    await logIns().offerTotp('bo', secret);
    expect(await logIns().useTotp('bo', 100)).toBe(false);
    expect(await logIns().useTotp('bo', 100, true)).toBe(true);
    expect(await logIns().useTotp('bo', 100, true)).toBe(false);
    const used = await Promise.all([101, 101, 100].map((step) => logIns().useTotp('bo', step)));
    expect(used.filter(Boolean)).toHaveLength(1);
    expect(await logIns().useTotp('bo', 102)).toBe(true);

    await logIns().setRecovery('bo', [digest('one'), digest('two')]);
    const codes = await Promise.all(['one', 'one', 'three'].map((code) => logIns().useRecovery('bo', digest(code))));
    expect(codes.filter(Boolean)).toHaveLength(1);

    expect(await logIns().addPasskey({ name: 'bo', ...passkey })).toBe(true);
    await expect(logIns().addPasskey({ name: 'ana', ...passkey })).rejects.toThrow('in use already');
    expect(await logIns().usePasskey(passkey.id, 5, digest('a challenge'))).toBe(true);
    expect(await logIns().usePasskey(passkey.id, 6, digest('a challenge'))).toBe(false);
    expect(await logIns().usePasskey(passkey.id, 5, digest('another'))).toBe(false);
    expect((await logIns().ownerOfPasskey(passkey.id))?.name).toBe('bo');
    expect(await logIns().ownerOfPasskey('passkey-of-nobody')).toBeUndefined();
  });

  it('lose all of that by a reset, and cannot log in while disabled', async () => {
    const { id } = await engine.client.access.createToken('user:bo');
    const invitation = await users().reset('bo');
    const [, bo] = await users().list();
    expect(bo).toMatchObject({ name: 'bo', hasPassword: false, hasTotp: false, passkeys: [], recoveryCodes: 0 });
    expect((await engine.client.access.tokens()).map((token) => token.id)).not.toContain(id);
    await users().disable('bo');
    expect(await redeem(invitation)).toBeUndefined();
    expect(await logIns().succeed({ name: 'bo' })).toBe(false);
    await users().enable('bo');
    expect(await redeem(invitation)).toBe('bo');
  });

  it('have to wait after failed attempts, the same as names that nobody has', async () => {
    /** Attempts until one has to wait; a slow machine may make more of them, for the first waits are short. */
    const guess = async (name: string) => {
      let count = 0;
      while (count < 20 && (await logIns().attempt({ name })).waitMs === 0) count += 1;
      return count;
    };
    for (const count of await Promise.all([guess('ana'), guess('nobody')])) {
      expect(count).toBeGreaterThanOrEqual(6);
      expect(count).toBeLessThan(12);
    }
    expect(await users().list()).toMatchObject([{ lockedMs: expect.any(Number) as number }, {}]);
    await users().enable('ana');
    expect((await logIns().attempt({ name: 'ana' })).waitMs).toBe(0);
    await logIns().succeed({ name: 'ana' });
    expect((await logIns().user('ana'))?.user.attempts).toBeUndefined();
    expect(await logIns().user('nobody')).toBeUndefined();
  });

  it('share one key among servers, and have the first admin’s link renewed until it is used', async () => {
    const keys = await Promise.all([logIns().key(), logIns().key()]);
    expect(keys[0]).toBe(keys[1]);
    const [one, two] = [await users().inviteFirstAdmin(), await users().inviteFirstAdmin()];
    expect(await redeem(one)).toBeUndefined();
    expect(await redeem(two)).toBe('admin');
    await expect(users().inviteFirstAdmin()).rejects.toThrow('there is a user admin already');
  });

  it('are removed with their roles, and every change is in the audit trail', async () => {
    await engine.client.access.grant({ subject: 'user:bo', role: 'operator', scope: 'shop' });
    await users().remove('bo');
    expect(await engine.client.access.bindings()).toEqual([]);
    await expect(users().disable('bo')).rejects.toThrow('there is no user bo');
    await users().requireSecondFactor(true);
    await logIns().report({ kind: 'credential_stuffing', source: '192.0.2.1' });
    const trail = JSON.stringify(await engine.client.access.audit());
    for (const what of ['add ana', 'reset bo', 'disable bo', 'bo uses a recovery code', 'remove bo'])
      expect(trail).toContain(`access user ${what}`);
    expect(trail).toContain('security.threat_detected credential_stuffing from 192.0.2.1');
  });
});
