import { z } from 'zod';
import { named } from '../schema/named';
import { issuerUrl } from './urls';

const longest = 300;

/** Issuers that give tokens to everybody: a rule has to say whose. */
const shared: Record<string, readonly string[]> = {
  'https://token.actions.githubusercontent.com': [
    'repository',
    'repository_id',
    'repository_owner',
    'repository_owner_id',
    'sub',
  ],
  'https://gitlab.com': ['project_path', 'project_id', 'namespace_path', 'namespace_id', 'sub'],
};

/** An exact value, or the beginning of one with `*` at its end. */
const pattern = z
  .string()
  .max(longest)
  .regex(/^[^*]+\*?$/, 'must be a value, or the beginning of one with * at its end');

const rule = z.strictObject({
  claims: z
    .record(z.string().min(1).max(longest), pattern)
    .refine((claims) => Object.keys(claims).length > 0, 'must name a claim: whoever has a token would be let in')
    .describe('Claims that a token must have: exact values, or beginnings with `*` at the end.'),
  subject: named('subject')
    .refine((subject) => subject.startsWith('service:'), 'must be service:NAME')
    .describe('Who the job acts as.'),
});

export const workload = z
  .strictObject({
    issuer: issuerUrl.describe('Who signs the tokens of jobs, such as `https://token.actions.githubusercontent.com`.'),
    audience: z.string().min(1).max(longest).optional().describe('Default: the external URL of the server.'),
    rules: z.array(rule).min(1).max(200).describe('The first rule whose claims all match decides.'),
  })
  .superRefine(({ issuer, rules }, context) => {
    const owners = shared[issuer.replace(/\/$/, '')];
    if (!owners) return;
    rules.forEach(({ claims }, index) => {
      if (owners.some((claim) => isOwner(claims[claim]))) return;
      context.addIssue({
        code: 'custom',
        path: ['rules', index, 'claims'],
        message:
          `must name ${owners.slice(0, -1).join(', ')} or ${owners.at(-1)}, with * after a / only: ` +
          'this issuer gives tokens to everybody',
      });
    });
  });

/** True for a pattern that fits one owner: with `*`, what is before it ends the name of the owner. */
function isOwner(pattern: string | undefined): boolean {
  return pattern !== undefined && (!pattern.endsWith('*') || /[^/]\/[^*]*\*$/.test(pattern));
}

export type Workload = z.output<typeof workload>;
