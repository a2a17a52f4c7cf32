import { z } from 'zod';
import { isLoopback } from '../../model/names/registry';

const longest = 500;

/** True for an address that nobody on the way can change: with TLS, or on this machine. */
function isSafe(text: string, mayHaveQuery = false): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, host, username, password, search, hash } = new URL(text);
  const isBare = username === '' && password === '' && hash === '' && (mayHaveQuery || search === '');
  return isBare && (protocol === 'https:' || (protocol === 'http:' && isLoopback(host)));
}

/** The address of an identity provider. */
export const issuerUrl = z
  .string()
  .max(longest)
  .refine(isSafe, 'must be an https:// address, without user, query and fragment');

/** The address where an identity provider logs people in. */
export const ssoUrl = z
  .string()
  .max(longest)
  .refine((text) => isSafe(text, true), 'must be an https:// address, without user and fragment');

/** The address of a server, without a path. */
export const baseUrl = z
  .string()
  .max(longest)
  .transform((text) => text.replace(/\/$/, ''))
  .refine(
    (text) => isSafe(text) && new URL(text).origin === text,
    'must be an address such as https://deploy.example.com, without a path; without TLS only on this machine',
  );
