import { execFileSync } from 'node:child_process';
import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { SignedXml } from 'xml-crypto';

/** A key with its certificate, which ends: providers go on with one that has. */
export interface SigningKey {
  key: string;
  certificate: string;
}

export function newSigningKey(): SigningKey {
  const folder = mkdtempSync(join(tmpdir(), 'saml-'));
  const [key, certificate] = ['key.pem', 'cert.pem'].map((name) => join(folder, name)) as [string, string];
  const subject = ['-subj', '/CN=idp.acme.example', '-days', '1'];
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, ...subject];
  execFileSync('openssl', words, { stdio: 'ignore' });
  const text = readFileSync(certificate, 'utf8');
  return { key: readFileSync(key, 'utf8'), certificate: new X509Certificate(text).toString() };
}

export interface SamlAnswer {
  /** Id of the request that it answers. */
  request: string;
  recipient: string;
  audience: string;
  issuer: string;
  nameId: string;
  format: string;
  attributes: Record<string, string[]>;
  /** Times in ms from now. */
  from: number;
  until: number;
}

const formats = 'urn:oasis:names:tc:SAML:1.1:nameid-format';
const at = (ms: number) => new Date(Date.now() + ms).toISOString();

/** An assertion that nobody has signed yet. */
export function assertionOf(
  given: Partial<SamlAnswer> & Pick<SamlAnswer, 'request' | 'recipient' | 'audience'>,
): string {
  const { request, recipient, audience, ...rest } = given;
  const { issuer = 'https://idp.acme.example/saml', nameId = 'ana@acme.example', attributes = {} } = rest;
  const { format = `${formats}:emailAddress`, from = -1000, until = 300_000 } = rest;
  const statements = Object.entries(attributes).map(([name, values]) => {
    const texts = values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('');
    return `<saml:Attribute Name="${name}">${texts}</saml:Attribute>`;
  });
  return (
    `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_${randomBytes(16).toString('hex')}" ` +
    `Version="2.0" IssueInstant="${at(0)}"><saml:Issuer>${issuer}</saml:Issuer><saml:Subject>` +
    `<saml:NameID Format="${format}">${nameId}</saml:NameID>` +
    '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">' +
    `<saml:SubjectConfirmationData InResponseTo="${request}" NotOnOrAfter="${at(until)}" Recipient="${recipient}"/>` +
    `</saml:SubjectConfirmation></saml:Subject>` +
    `<saml:Conditions NotBefore="${at(from)}" NotOnOrAfter="${at(until)}"><saml:AudienceRestriction>` +
    `<saml:Audience>${audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
    `<saml:AuthnStatement AuthnInstant="${at(0)}"><saml:AuthnContext><saml:AuthnContextClassRef>` +
    'urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>' +
    `</saml:AuthnStatement><saml:AttributeStatement>${statements.join('')}</saml:AttributeStatement></saml:Assertion>`
  );
}

export function responseWith(assertion: string, request: string): string {
  return (
    '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ' +
    `ID="_${randomBytes(16).toString('hex')}" Version="2.0" IssueInstant="${at(0)}" InResponseTo="${request}">` +
    '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>' +
    `${assertion}</samlp:Response>`
  );
}

const algorithms = {
  sha256: {
    signature: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    digest: 'http://www.w3.org/2001/04/xmlenc#sha256',
  },
  sha1: { signature: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1', digest: 'http://www.w3.org/2000/09/xmldsig#sha1' },
};

/** Signs the element with a name, as providers do: the signature follows its issuer, or is its first child. */
export function signed(
  xml: string,
  { key }: SigningKey,
  { element = 'Assertion', hash = 'sha256' }: { element?: string; hash?: keyof typeof algorithms } = {},
): string {
  const { signature, digest } = algorithms[hash];
  const canonical = 'http://www.w3.org/2001/10/xml-exc-c14n#';
  const signer = new SignedXml({
    privateKey: key,
    signatureAlgorithm: signature,
    canonicalizationAlgorithm: canonical,
  });
  const xpath = `//*[local-name(.)='${element}']`;
  const transforms = ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', canonical];
  signer.addReference({ xpath, digestAlgorithm: digest, transforms });
  const first = { reference: `${xpath}/*[1]`, action: element === 'Assertion' ? 'after' : 'before' } as const;
  signer.computeSignature(xml, { location: first, prefix: 'ds' });
  return signer.getSignedXml();
}

/** The id of the request that an address of a provider contains. */
export function requestIn(address: string): { id: string; xml: string } {
  const xml = inflateRawSync(Buffer.from(new URL(address).searchParams.get('SAMLRequest')!, 'base64')).toString();
  return { id: / ID="([^"]+)"/.exec(xml)![1]!, xml };
}

/** The form that a provider lets the browser send. */
export const samlForm = (xml: string): string =>
  new URLSearchParams({ SAMLResponse: Buffer.from(xml).toString('base64'), RelayState: '' }).toString();
