import type { SamlProvider } from '../../../config/access';
import { ApiProblem } from '../../problems';
import type { Person } from '../browser/session';
import { personOf } from '../person';
import type { Said } from './assertion';

type Rules = Pick<SamlProvider, 'subject_attribute' | 'groups_attribute' | 'allowed'>;

const transient = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';

/**
 * Who somebody is, by what their identity provider says about them. It vouches for the addresses that it names: SAML
 * does not tell which of them are verified.
 * @throws ApiProblem if they may not log in, or have no name that roles can be given to
 */
export function samlPerson(provider: string, rules: Rules, said: Said): Person {
  const name = nameOf(provider, rules, said);
  const { groups_attribute: attribute, allowed } = rules;
  const groups = attribute !== undefined && Object.hasOwn(said.attributes, attribute) && said.attributes[attribute];
  const claims = { groups, ...(name.includes('@') ? { email: name, email_verified: true } : { sub: name }) };
  return personOf(provider, { groups_claim: 'groups', allowed }, claims, 'saml');
}

/** @throws ApiProblem if the provider gives somebody another name with each log-in, or none */
function nameOf(provider: string, { subject_attribute: attribute }: Rules, said: Said): string {
  const given = attribute === undefined ? said.nameId : ownText(said.attributes, attribute);
  const changes = attribute === undefined && said.nameIdFormat === transient;
  if (given !== '' && !changes) return given;
  const why = changes ? 'gives you another name with each log-in' : 'does not say your name';
  throw new ApiProblem('forbidden', `the identity provider ${provider} ${why}`, {
    advice: 'an admin can set subject_attribute of the provider in the access file',
  });
}

function ownText(attributes: Record<string, unknown>, name: string): string {
  const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  return typeof value === 'string' ? value.trim() : '';
}
