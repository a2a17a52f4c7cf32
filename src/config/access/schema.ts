import { z } from 'zod';
import { roles } from '../../model/access';
import { named } from '../schema/named';
import { baseUrl, issuerUrl } from './urls';
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

const oidc = z
  .strictObject({
    type: z.literal('oidc'),
    title: title.optional().describe('What the button of the log-in page says; default: the name.'),
    issuer: issuerUrl.describe('The address of the identity provider, as in its tokens.'),
    client_id: z.string().min(1).max(longest).describe('As the identity provider has registered this server.'),
    client_secret_file: z
      .string()
      .min(1)
      .optional()
      .describe('A file with the secret of the client, beside this file; absent: a public client, with PKCE alone.'),
    scopes: z.array(claim).max(20).optional().describe('Default: `openid`, `email` and `profile`.'),
    subject_claim: claim
      .optional()
      .describe('The claim that names the person. Default: `email` if it is verified, else `sub`.'),
    groups_claim: claim.optional().describe('The claim that lists the groups. Default: nobody is in a group.'),
    allowed: z
      .strictObject({
        domains: words.optional().describe('Only people with a verified e-mail address of one of these domains.'),
        groups: words.optional().describe('Only people who are in one of these groups.'),
      })
      .optional()
      .describe('Who may log in; default: everybody whom the identity provider knows.'),
  })
  .describe('An identity provider with OpenID Connect.');

const binding = z.strictObject({
  subject: named('subject').describe('`user:NAME`, `group:NAME` or `service:NAME`.'),
  role: z.enum(roles),
  scope: named('scope').describe('`*`, a stack, or `STACK/ENVIRONMENT`.'),
});

export const accessFile = z.strictObject({
  external_url: baseUrl.optional().describe('The address of the installation, as browsers and programs have it.'),
  providers: z.record(named('host'), oidc).optional().describe('Where people log in.'),
  workloads: z.record(named('host'), workload).optional().describe('CI jobs that need no stored token.'),
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

export type AccessFile = z.output<typeof accessFile>;
export type OidcProvider = z.output<typeof oidc>;
