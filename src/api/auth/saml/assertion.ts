import type { Profile } from '@node-saml/node-saml';

/** What an assertion must say for it to count for a log-in. */
export interface Expected {
  /** Entity ID of the provider. */
  issuer: string;
  /** Id of the request that it answers. */
  request: string;
  /** The address that it was sent to. */
  recipient: string;
  clockSkewMs: number;
}

/** What a provider says about somebody. */
export interface Said {
  nameId: string;
  nameIdFormat?: string;
  attributes: Record<string, unknown>;
}

/** Elements as the library reads them: attributes in `$`, text in `_`, children by their names. */
interface Element {
  $?: Record<string, string>;
  _?: string;
  [child: string]: Element[] | Record<string, string> | string | undefined;
}

const bearer = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';

/**
 * What a signed assertion says about whoever logs in. The library has verified its signature, its conditions and its
 * audience; this is what it leaves open (SAML profiles, 4.1.4.3).
 * @throws Error unless the provider made it for this very log-in
 */
export function assertionFor(expected: Expected, profile: Profile | null): Said {
  const { Assertion: assertion } = (profile?.getAssertion?.() ?? {}) as { Assertion?: Element };
  if (!profile || !assertion) throw new Error('the response has no assertion');
  if (textOf(assertion.Issuer) !== expected.issuer) throw new Error('the assertion is of another provider');
  const conditions = oneOf(assertion.Conditions, 'Conditions');
  if (!Number.isFinite(Date.parse(conditions.$?.NotOnOrAfter ?? ''))) throw new Error('the assertion has no end');
  const subject = oneOf(assertion.Subject, 'Subject');
  if (!elementsOf(subject.SubjectConfirmation).some((each) => isFor(each, expected)))
    throw new Error('the assertion does not answer this log-in');
  oneOf(assertion.AuthnStatement, 'AuthnStatement');
  const nameId = textOf(subject.NameID) ?? '';
  const { $: format } = elementsOf(subject.NameID)[0] ?? {};
  const attributes = (profile.attributes ?? {}) as Record<string, unknown>;
  return { nameId, ...(format?.Format !== undefined && { nameIdFormat: format.Format }), attributes };
}

function isFor(confirmation: Element, { request, recipient, clockSkewMs }: Expected): boolean {
  const data = elementsOf(confirmation.SubjectConfirmationData)[0]?.$ ?? {};
  const end = Date.parse(data.NotOnOrAfter ?? '');
  return (
    confirmation.$?.Method === bearer &&
    data.InResponseTo === request &&
    data.Recipient === recipient &&
    Number.isFinite(end) &&
    Date.now() < end + clockSkewMs
  );
}

function elementsOf(child: Element[string]): Element[] {
  return Array.isArray(child) ? child : [];
}

function oneOf(child: Element[string], name: string): Element {
  const [first, ...more] = elementsOf(child);
  if (!first || more.length > 0) throw new Error(`the assertion must have one ${name}`);
  return first;
}

function textOf(child: Element[string]): string | undefined {
  const [first, ...more] = elementsOf(child);
  return more.length === 0 && typeof first?._ === 'string' ? first._.trim() : undefined;
}
