import { z } from 'zod';
import { numberOrText, options, text } from './values';

/** Uses of secrets or configs: a name, or its long form. */
export const fileUses = z.array(
  z.union([text, options({ source: text, target: text, uid: text, gid: text, mode: numberOrText })]),
);
