import { createPrivateKey, X509Certificate } from 'node:crypto';
import { acmeError, problemOf, retryAfterOf } from '../../src/activities/certificates/acme-transport';
import { acmeProblem, directoryUrl } from '../../src/activities/certificates/directories';
import { checkChain } from '../../src/activities/certificates/issued';
import { newKey, selfSigned } from '../../src/activities/certificates/self-signed';

const hosts = ['shop.example.com', 'www.example.com'];
const day = 86_400_000;

describe('a self-signed certificate', () => {
  it('has all names, and belongs to its key', async () => {
    const { certificate, key } = await selfSigned(hosts);
    const read = new X509Certificate(certificate);
    expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(read.ca).toBe(false);
    for (const host of hosts) expect(read.checkHost(host, { subject: 'never' })).toBe(host);
  });
});

describe('the chain that a CA returns', () => {
  it('is written anew from what was read', async () => {
    const { certificate, key } = await selfSigned(hosts);
    const chain = checkChain(`junk\n${certificate}\ndaemon off;\n`, key, hosts);
    expect(chain.pem).toBe(new X509Certificate(certificate).toString());
    expect(chain.version).toMatch(/^[0-9a-f]{16}$/);
    expect(chain.notAfter - chain.notBefore).toBeGreaterThan(365 * day);
  });

  it.each([
    ['another key', () => selfSigned(hosts).then(({ certificate }) => [certificate, newKey(), hosts]), 'another key'],
    [
      'a missing name',
      () => selfSigned(hosts).then(({ certificate, key }) => [certificate, key, [...hosts, 'other.example.com']]),
      'does not have the name other.example.com',
    ],
    ['no certificate', () => Promise.resolve(['<html>', newKey(), hosts]), 'has 0 certificates'],
    ['too much', () => Promise.resolve(['x'.repeat(70_000), newKey(), hosts]), 'larger than 65536 bytes'],
    [
      'certificates that do not belong together',
      async () => {
        const [one, other] = [await selfSigned(hosts), await selfSigned(['ca.example.com'])];
        return [`${one.certificate}${other.certificate}`, one.key, hosts];
      },
      'its chain is not in order',
    ],
  ] as const)('is refused: %s', async (_title, make, message) => {
    const [text, key, names] = (await make()) as [string, string, string[]];
    expect(() => checkChain(text, key, names)).toThrow(message);
  });

  it('is refused before and after it is valid', async () => {
    const { certificate, key } = await selfSigned(hosts);
    const now = Date.now();
    for (const at of [now - 3 * day, now + 400 * day])
      expect(() => checkChain(certificate, key, hosts, at)).toThrow('not valid now');
  });
});

describe('the words of a CA', () => {
  it('are shown only in the form of ACME', () => {
    const type = 'urn:ietf:params:acme:error:dns';
    expect(acmeError({ type, detail: 'NXDOMAIN' })).toEqual({ type: 'dns', detail: 'NXDOMAIN' });
    expect(problemOf(403, JSON.stringify({ type, detail: 'x'.repeat(5000) })).detail).toHaveLength(600);
    for (const body of ['<html>secret</html>', '{"password":"secret"}', 'null', '{"type":"about:blank","detail":"s"}'])
      expect(problemOf(500, body)).toEqual({ type: '', detail: 'it answers 500' });
  });

  it('say how long to wait, in seconds or as a date', () => {
    const now = Date.parse('2026-11-29T12:00:00Z');
    expect(retryAfterOf('120', now)).toBe(120_000);
    expect(retryAfterOf('Sun, 29 Nov 2026 13:00:00 GMT', now)).toBe(3_600_000);
    for (const header of [undefined, '', 'soon', '-5', 'Sun, 29 Nov 2026 11:00:00 GMT'])
      expect(retryAfterOf(header, now)).toBeUndefined();
  });
});

describe('the directory of a CA', () => {
  it("is that of the stack, else the worker's, else Let's Encrypt's", () => {
    const url = 'https://ca.example.com/dir';
    expect(directoryUrl(undefined, {})).toBe('https://acme-v02.api.letsencrypt.org/directory');
    expect(directoryUrl(undefined, { directory: url })).toBe(url);
    expect(directoryUrl('staging', { directory: url })).toBe('https://acme-staging-v02.api.letsencrypt.org/directory');
  });

  it('of a worker is checked at its start', () => {
    expect(acmeProblem({ directory: 'http://ca.example.com' })).toContain('DEPLOY_CODE_ACME_DIRECTORY is not');
    expect(acmeProblem({ authorities: 'none' })).toContain('DEPLOY_CODE_ACME_CA_FILE contains no certificates');
    expect(acmeProblem({ directory: 'staging' })).toBeUndefined();
  });
});
