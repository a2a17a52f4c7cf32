import { z } from 'zod';
import { notificationTypes } from '../../../model/notification';
import { choice, count, hasUserinfo } from '../values';

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
  })
  .describe(
    'Set one of `webhook`, `slack` and `redis`. A failed delivery delays no deployment, and is retried for a day.',
  );
