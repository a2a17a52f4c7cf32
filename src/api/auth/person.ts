import type { OidcProvider } from '../../config/access';
import { isName } from '../../model/names';
import { ApiProblem } from '../problems';
import type { Person } from './browser/session';

type Claims = Record<string, unknown>;
type Rules = Pick<OidcProvider, 'subject_claim' | 'groups_claim' | 'allowed'>;

/** Somebody whom a provider vouches for, and the page that they asked for before. */
export interface Finished {
  person: Person;
  back?: string;
}

/** Groups beyond these are nobody's. */
const mostGroups = 50;

/** Claims that decide who somebody is. */
export function neededClaims({ subject_claim: subject = 'email', groups_claim: groups, allowed }: Rules): string[] {
  const email = subject === 'email' || allowed?.domains ? ['email', 'email_verified'] : [];
  return [...new Set([subject, ...email, ...(groups === undefined ? [] : [groups])])];
}

/**
 * Who somebody is, by what their identity provider says about them.
 * @throws ApiProblem if they may not log in, or have no name that roles can be given to
 */
export function personOf(provider: string, rules: Rules, claims: Claims, type = 'oidc'): Person {
  const groups = groupsOf(rules, claims);
  requireAllowed(rules, claims, groups);
  const subject = `user:${nameOf(rules, claims)}`;
  if (!isName('subject', subject))
    throw new ApiProblem('forbidden', `the identity provider ${provider} calls you by a name that no role can have`, {
      advice: 'an admin can set what names people in the access file: subject_claim or subject_attribute',
    });
  const known = groups.filter((group) => isName('group', group)).slice(0, mostGroups);
  return { subject, groups: [...new Set(known)], method: `${type} ${provider}` };
}

/** The verified e-mail address, else the provider's own name; or the claim that the access file names. */
function nameOf({ subject_claim: claim }: Rules, claims: Claims): string {
  const email = verifiedEmail(claims);
  if (claim === undefined && email === undefined) return ownName(claims.sub);
  if (claim !== undefined && claim !== 'email') return textOf(claims[claim]);
  if (email === undefined) throw new ApiProblem('forbidden', 'your identity provider has not verified your address');
  return email;
}

/** Not one that looks like an address: somebody could choose that of another. */
function ownName(sub: unknown): string {
  const name = textOf(sub);
  if (name.includes('@')) throw new ApiProblem('forbidden', 'your identity provider has not verified your address');
  return name;
}

function verifiedEmail({ email, email_verified: isVerified }: Claims): string | undefined {
  return isVerified === true && typeof email === 'string' ? email.toLowerCase() : undefined;
}

function groupsOf({ groups_claim: claim }: Rules, claims: Claims): string[] {
  const given = claim === undefined || !Object.hasOwn(claims, claim) ? [] : claims[claim];
  return (Array.isArray(given) ? given : [given]).filter((group) => typeof group === 'string');
}

function requireAllowed({ allowed }: Rules, claims: Claims, groups: readonly string[]): void {
  const domain = verifiedEmail(claims)?.split('@').at(-1);
  const isInDomain = !allowed?.domains || allowed.domains.some((each) => each.toLowerCase() === domain);
  const isInGroup = !allowed?.groups || allowed.groups.some((group) => groups.includes(group));
  if (isInDomain && isInGroup) return;
  throw new ApiProblem('forbidden', 'you are not among those who may log in here', { advice: 'ask an admin' });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
