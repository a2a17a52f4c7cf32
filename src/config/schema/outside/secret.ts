import { z } from 'zod';
import { grammarOf, isName } from '../../../model/names';
import { named } from '../named';
import { choice } from '../values';

/** Where a secret is. */
export const secret = z.strictObject({
  file: z.string().optional().describe('File on the worker.'),
  environment: named('variable').optional().describe('Environment variable of the worker, or of the client.'),
  read_by: choice('client', 'worker')
    .optional()
    .describe('Who has the `environment`; default `worker`. The client seals the value.'),
  vault: z
    .union([
      z
        .string()
        .regex(/^[^#\s]+#[^#\s]+$/, 'write path#key, such as shop/postgres#password')
        .refine((text) => isName('vaultPath', text.split('#')[0]), grammarOf('vaultPath').hint),
      z.strictObject({
        path: named('vaultPath').describe('Path of the secret, such as `shop/postgres`.'),
        key: named('vaultKey').describe('Key in the secret, such as `password`.'),
        mount: named('vaultPath').optional().describe('Mount path of the KV engine; default `secret`.'),
      }),
    ])
    .optional()
    .describe(
      'Key of a secret in HashiCorp Vault (KV version 2), as `path#key`. The worker finds Vault through ' +
        '`VAULT_ADDR`.',
    ),
  stored: z
    .union([z.literal(true), named('stored')])
    .optional()
    .describe(
      '`true`, or a name: a value that `deploy-code secret set NAME` has stored for this environment, encrypted. ' +
        'With `true`, its name is that of the secret.',
    ),
});
