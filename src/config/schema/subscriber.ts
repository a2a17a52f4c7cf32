import { z } from 'zod';
import { notificationTypes } from '../../model/notification';
import { choice, count, hasUserinfo } from './values';

const secretName = z.string().min(1);
const bySecret = z.strictObject({ secret: secretName.describe('Name under the top-level `secrets`.') });
const httpUrl = z
  .url({ protocol: /^https?$/, error: 'write an http or https address, or {secret: NAME} for one that is secret' })
  .refine(
    (text) => !hasUserinfo(text),
    'holds a user or password, which would travel with the release; put the ' +
      'whole address into a secret and write url: {secret: NAME}',
  );

/** Who is told what happens, and how. */
export const subscriber = z
  .strictObject({
    events: z
      .array(choice(...notificationTypes))
      .min(1)
      .optional()
      .describe('What of; default everything.'),
    webhook: z
      .strictObject({
        url: z
          .union([httpUrl, bySecret])
          .describe('Gets each event as a JSON document by POST. `{secret: NAME}` where the address itself is secret.'),
        key: secretName.optional().describe('Name under the top-level `secrets`: signs what is sent (HMAC-SHA256).'),
      })
      .optional(),
    slack: z
      .strictObject({
        url: z
          .union([secretName, bySecret])
          .describe(
            'The address of an incoming webhook, which is a secret: its name under ' +
              'the top-level `secrets`, bare or as `{secret: NAME}`.',
          ),
      })
      .optional(),
    redis: z
      .strictObject({
        url: z
          .url({ protocol: /^rediss?$/, error: 'write an address such as redis://redis.example.com:6379' })
          .refine((text) => !hasUserinfo(text), 'holds a password; name a secret as `password`'),
        stream: z
          .string()
          .refine(
            (text) => /^\P{Cc}{1,512}$/u.test(text),
            'write the name of a stream: at most 512 characters, no control characters',
          )
          .optional()
          .describe('Default `deploy-code`.'),
        longest: count.optional().describe('About as many entries are kept; default 10000.'),
        password: secretName.optional().describe('Name under the top-level `secrets`.'),
      })
      .optional()
      .describe('Each event is added to a Redis stream.'),
  })
  .describe('One of `webhook`, `slack` and `redis`. One that is dead holds nothing up; it is tried for a day.');
