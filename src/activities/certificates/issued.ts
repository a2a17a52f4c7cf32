import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { oneLine } from '../../model/text';

const largestChain = 64 * 1024;
const mostCertificates = 10;
const longestIssuer = 100;
/** Clocks differ. */
const skewMs = 3_600_000;

/** A chain that is not what was ordered. */
export class ChainProblem extends Error {}

/** A chain as it was checked. Times are in ms since the epoch. */
export interface Chain {
  /** In PEM, written anew from what was read. */
  pem: string;
  version: string;
  issuer: string;
  notBefore: number;
  notAfter: number;
}

/**
 * Checks the chain that a CA returned: it belongs to the key, has all names, is valid now, and each certificate is
 * signed by the next one.
 * @throws ChainProblem
 */
export function checkChain(text: string, key: string, hosts: readonly string[], now = Date.now()): Chain {
  const chain = parse(text);
  const [leaf] = chain as [X509Certificate, ...X509Certificate[]];
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new ChainProblem('its certificate belongs to another key');
  const missing = hosts.find((host) => leaf.checkHost(host, { subject: 'never' }) === undefined);
  if (missing !== undefined) throw new ChainProblem(`its certificate does not have the name ${missing}`);
  const [notBefore, notAfter] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  if (!(notBefore <= now + skewMs && now < notAfter && notBefore < notAfter))
    throw new ChainProblem('its certificate is not valid now');
  chain.slice(1).forEach((issuer, index) => {
    const signed = chain[index]!;
    if (!signed.checkIssued(issuer) || !signed.verify(issuer.publicKey))
      throw new ChainProblem('its chain is not in order');
  });
  return {
    pem: chain.map(String).join(''),
    version: createHash('sha256').update(leaf.raw).digest('hex').slice(0, 16),
    issuer: oneLine(leaf.issuer.replaceAll('\n', ', '), longestIssuer),
    notBefore,
    notAfter,
  };
}

function parse(text: string): X509Certificate[] {
  if (text.length > largestChain) throw new ChainProblem(`its chain is larger than ${largestChain} bytes`);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0 || blocks.length > mostCertificates)
    throw new ChainProblem(`its answer has ${blocks.length} certificates`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new ChainProblem('its chain cannot be read', { cause: error });
  }
}
