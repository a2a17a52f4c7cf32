import { digestOfCode, digestOfLink, newLink, newRecoveryCodes } from '../../../src/guard/access/one-time-secrets';
import { newTotpSecret, totpStep, totpUri } from '../../../src/guard/access/totp';
import { isName } from '../../../src/model/names';

describe('a one-time link', () => {
  it('is known by its digest, which does not contain it', () => {
    const { token, digest } = newLink();
    expect(digestOfLink(token)).toBe(digest);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(newLink().token).not.toBe(token);
  });

  it.each(['', 'x', `${'a'.repeat(43)}\n`, '../'.padEnd(43, 'a')])('is not %j', (text) => {
    expect(digestOfLink(text)).toBeUndefined();
  });
});

describe('recovery codes', () => {
  it('are ten different ones, and are read however somebody writes them', () => {
    const { codes, digests } = newRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const [index, code] of codes.entries()) {
      expect(code).toMatch(/^([a-z2-9]{4}-){3}[a-z2-9]{4}$/);
      expect(digestOfCode(` ${code.toUpperCase().replaceAll('-', ' ')} `)).toBe(digests[index]);
    }
  });

  it.each(['', 'aaaa-aaaa-aaaa', 'l'.repeat(16), `${'a'.repeat(17)}`])('are not %j', (text) => {
    expect(digestOfCode(text)).toBeUndefined();
  });
});

describe('codes of an authenticator app', () => {
  // RFC 6238, appendix B: the secret and the times of its test vectors, and the last six of their digits.
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

  it.each([
    [59, '287082', 1],
    [1111111109, '081804', 37037036],
    [1234567890, '005924', 41152263],
    [20000000000, '353130', 666666666],
  ])('fit at %d s of the RFC', async (seconds, code, step) => {
    expect(await totpStep(secret, code, seconds * 1000)).toBe(step);
    expect(await totpStep(secret, `${code.slice(0, 3)} ${code.slice(3)}`, seconds * 1000)).toBe(step);
  });

  it('fit one step early and late, and no more', async () => {
    const at = (seconds: number) => totpStep(secret, '287082', seconds * 1000);
    expect([await at(0), await at(29), await at(30), await at(89)]).toEqual([1, 1, 1, 1]);
    expect(await at(90)).toBeUndefined();
  });

  it.each(['', '28708', '2870822', 'abcdef', '２８７０８２'])('are not %j', async (code) => {
    expect(await totpStep(secret, code, 59_000)).toBeUndefined();
  });

  it('come from a new secret, which the app takes as an address', async () => {
    const own = newTotpSecret();
    expect(isName('totpSecret', own)).toBe(true);
    expect(newTotpSecret()).not.toBe(own);
    const uri = new URL(await totpUri(own, 'alice@example.com', 'deploy-code'));
    expect(uri.protocol).toBe('otpauth:');
    expect(Object.fromEntries(uri.searchParams)).toMatchObject({ secret: own, digits: '6', period: '30' });
    expect(decodeURIComponent(uri.pathname)).toContain('alice@example.com');
  });
});
