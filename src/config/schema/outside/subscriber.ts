import { z } from 'zod';
import { notificationTypes } from '../../../model/notification';
import { grammarOf, isName } from '../../../model/names';
import { choice, count, fromText, hasUserinfo } from '../values';

const mailbox = z
  .string()
  .regex(
    /^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/,
    'write an address such as ops@example.com, without a name',
  );

const secretName = z.string().min(1);
const bySecret = z.strictObject({ secret: secretName.describe('Name under the top-level `secrets`.') });
const httpUrl = z
  .url({ protocol: /^https?$/, error: 'write an http or https address, or {secret: NAME} for one that is secret' })
  .refine(
    (text) => !hasUserinfo(text),
    'contains a user or password, which would be stored with the release; put the ' +
      'whole address into a secret and write url: {secret: NAME}',
  );

/** A receiver of events. */
export const subscriber = z
  .strictObject({
    events: z
      .array(choice(...notificationTypes))
      .min(1)
      .optional()
      .describe('Events to send; default all.'),
    webhook: z
      .strictObject({
        url: z
          .union([httpUrl, bySecret])
          .describe(
            'Address that receives each event as a JSON document by POST. Use `{secret: NAME}` if the address ' +
              'itself is secret.',
          ),
        key: secretName
          .optional()
          .describe('Name under the top-level `secrets`: the key that signs each event (HMAC-SHA256).'),
      })
      .optional(),
    slack: z
      .strictObject({
        url: z
          .union([secretName, bySecret])
          .describe(
            'Name under the top-level `secrets`, bare or as `{secret: NAME}`: the address of an incoming webhook.',
          ),
      })
      .optional(),
    redis: z
      .strictObject({
        url: z
          .url({ protocol: /^rediss?$/, error: 'write an address such as redis://redis.example.com:6379' })
          .refine((text) => !hasUserinfo(text), 'contains a password; name a secret in `password` instead'),
        stream: z
          .string()
          .refine(
            (text) => /^\P{Cc}{1,512}$/u.test(text),
            'write the name of a stream: at most 512 characters, no control characters',
          )
          .optional()
          .describe('Name of the stream; default `deploy-code`.'),
        longest: count.optional().describe('Approximate number of entries kept; default 10000.'),
        password: secretName.optional().describe('Name under the top-level `secrets`.'),
      })
      .optional()
      .describe('Add each event to a Redis stream.'),
    github: z
      .strictObject({
        repository: z
          .string()
          .regex(/^[A-Za-z0-9-]{1,39}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/, 'write OWNER/NAME, such as acme/shop')
          .describe('Repository, such as `acme/shop`.'),
        token: secretName.describe(
          'Name under the top-level `secrets`: a token that may write deployments and commit statuses.',
        ),
        api: httpUrl
          .optional()
          .describe(
            'Of GitHub Enterprise, such as `https://github.example.com/api/v3`; default `https://api.github.com`.',
          ),
        environment: z
          .string()
          .regex(/^\P{Cc}{1,255}$/u, 'write a name without control characters')
          .optional()
          .describe('Environment at GitHub; default the environment of the stack.'),
        commit: z
          .string()
          .refine((text) => text === '' || isName('commit', text), grammarOf('commit').hint)
          .optional()
          .describe('Commit that is deployed, such as `${GIT_COMMIT}`. That of the event of a trigger comes first.'),
      })
      .optional()
      .describe('Write deployments, and the statuses of their commits, to a repository at GitHub.'),
    email: z
      .strictObject({
        host: z
          .string()
          .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, 'write a host name or an IPv4 address')
          .describe('Mail server.'),
        port: z
          .preprocess(fromText, z.number().int().min(1).max(65_535))
          .optional()
          .describe('Default 587, or 465 with `tls: implicit`.'),
        tls: choice('starttls', 'implicit', 'none')
          .optional()
          .describe(
            '`starttls` (default): nothing is sent before the connection has changed to TLS. `implicit`: it begins ' +
              'with TLS. `none`: without TLS, for a server on the same machine.',
          ),
        from: mailbox.describe('Address of the sender.'),
        to: z.union([mailbox, z.array(mailbox).min(1).max(50)]).describe('Addresses of the recipients.'),
        user: z
          .string()
          .regex(/^\P{Cc}{1,255}$/u, 'write a user without control characters')
          .optional(),
        password: secretName.optional().describe('Name under the top-level `secrets`.'),
      })
      .optional()
      .describe('Send each event as a text mail.'),
  })
  .describe(
    'Set one of `webhook`, `slack`, `redis`, `github` and `email`. A failed delivery delays no deployment, and is ' +
      'retried for a day.',
  );
