import { z } from 'zod';
import { roles } from '../../model/access';
import { named } from '../schema/named';
import { subscriber } from '../schema/outside/subscriber';
import { secret } from '../schema/outside/secret';
import { baseUrl, issuerUrl, ssoUrl } from './urls';
import { workload } from './workloads';

/** The access file of a server: who logs in where, and roles that are kept in Git. */

const longest = 200;
const claim = z
  .string()
  .min(1)
  .max(longest)
  .regex(/^[\x21-\x7e]+$/, 'write the name of a claim, without spaces');
const title = z.string().min(1).max(60);
const words = z.array(z.string().min(1).max(longest)).min(1).max(longest);

/** What every kind of provider has. */
const common = {
  title: title.optional().describe('What the button of the log-in page says; default: the name.'),
  allowed: z
    .strictObject({
      domains: words.optional().describe('Only people with a verified e-mail address of one of these domains.'),
      groups: words.optional().describe('Only people who are in one of these groups.'),
    })
    .optional()
    .describe('Who may log in; default: everybody whom the identity provider knows.'),
};
const file = z.string().min(1);

const oidc = z
  .strictObject({
    type: z.literal('oidc'),
    ...common,
    issuer: issuerUrl.describe('The address of the identity provider, as in its tokens.'),
    client_id: z.string().min(1).max(longest).describe('As the identity provider has registered this server.'),
    client_secret_file: file
      .optional()
      .describe('A file with the secret of the client, beside this file; absent: a public client, with PKCE alone.'),
    scopes: z.array(claim).max(20).optional().describe('Default: `openid`, `email` and `profile`.'),
    subject_claim: claim
      .optional()
      .describe('The claim that names the person. Default: `email` if it is verified, else `sub`.'),
    groups_claim: claim.optional().describe('The claim that lists the groups. Default: nobody is in a group.'),
  })
  .describe('An identity provider with OpenID Connect.');

const saml = z
  .strictObject({
    type: z.literal('saml'),
    ...common,
    entity_id: z
      .string()
      .max(longest)
      .regex(/^[\x21-\x7e]+$/, 'write the entity ID of the identity provider, without spaces')
      .describe('The name of the identity provider, as in its metadata.'),
    sso_url: ssoUrl.describe('Where it logs people in (HTTP-Redirect binding), as in its metadata.'),
    certificate_file: file.describe(
      'A file with the certificate that it signs with, in PEM, beside this file; with several, any of them counts.',
    ),
    subject_attribute: claim
      .optional()
      .describe('The attribute that names the person. Default: the NameID, which must not change with each log-in.'),
    groups_attribute: claim.optional().describe('The attribute that lists the groups. Default: nobody is in a group.'),
  })
  .describe('An identity provider with SAML 2.0. Only signed assertions count.');

const provider = z.discriminatedUnion('type', [oidc, saml]);

const binding = z.strictObject({
  subject: named('subject').describe('`user:NAME`, `group:NAME` or `service:NAME`.'),
  role: z.enum(roles),
  scope: named('scope').describe('`*`, a stack, or `STACK/ENVIRONMENT`.'),
});

const alerted = subscriber
  .omit({ events: true, github: true })
  .describe('Set one of `webhook`, `slack`, `redis` and `email`.');

export const accessFile = z.strictObject({
  external_url: baseUrl.optional().describe('The address of the installation, as browsers and programs have it.'),
  providers: z.record(named('host'), provider).optional().describe('Where people log in.'),
  workloads: z.record(named('host'), workload).optional().describe('CI jobs that need no stored token.'),
  secrets: z
    .record(named('service'), secret.pick({ file: true, vault: true }))
    .optional()
    .describe('Secrets of subscribers. Workers read them: a file is on the machine of the worker.'),
  subscribers: z
    .record(named('service'), alerted)
    .optional()
    .describe('Who is told of attacks on the server (`security.threat_detected`).'),
  bindings: z
    .array(binding)
    .max(2000)
    .refine(areDifferent, 'name a subject and a scope twice; a subject has one role in a scope')
    .optional()
    .describe('Roles besides those that commands give; nothing but this file changes them.'),
});

function areDifferent(bindings: readonly { subject: string; scope: string }[]): boolean {
  return new Set(bindings.map(({ subject, scope }) => `${subject} ${scope}`)).size === bindings.length;
}

/** What `access export` writes: roles with the same words as here, and the local users. */
export const rosterFile = z.strictObject({
  bindings: accessFile.shape.bindings,
  users: z.array(named('localUser')).max(2000).optional(),
  second_factor: z.boolean().optional(),
});

export type AccessFile = z.output<typeof accessFile>;
export type OidcProvider = z.output<typeof oidc>;
export type SamlProvider = z.output<typeof saml>;
