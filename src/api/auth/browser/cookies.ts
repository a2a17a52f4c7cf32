import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthContext } from '../context';

/** The cookies of pages. */
export const cookies = {
  /** The session of somebody who has logged in. */
  session: 'deploy-code',
  /** A random value, to which the forms of those are bound who have not logged in yet. */
  form: 'deploy-code-form',
  /** What a log-in at an identity provider began with. */
  oidc: 'deploy-code-oidc',
  /** The same with SAML, where the provider sends the browser back with a form. */
  saml: 'deploy-code-saml',
  /** How far a local user has come with logging in. */
  local: 'deploy-code-local',
  /** That a local user has logged in with this browser. */
  device: 'deploy-code-device',
} as const;
export type CookieName = keyof typeof cookies;

type Secure = Pick<AuthContext, 'isSecure'>;

const longest = 4000;
const plain = /^[A-Za-z0-9_-]*$/;

/** Only this host can set a `__Host-` cookie, and only with TLS; loopback without TLS has plain names. */
function nameOf({ isSecure }: Secure, cookie: CookieName): string {
  return isSecure ? `__Host-${cookies[cookie]}` : cookies[cookie];
}

/** The value of a cookie; undefined if there is none, or more than one of that name. */
export function readCookie(
  context: Secure,
  request: Pick<FastifyRequest, 'headers'>,
  cookie: CookieName,
): string | undefined {
  const start = `${nameOf(context, cookie)}=`;
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(start));
  const [value = ''] = found.map((pair) => pair.slice(start.length));
  return found.length === 1 && value.length <= longest && plain.test(value) ? value : undefined;
}

/** Sent with forms of others too, which browsers allow with TLS only, and on this machine. */
const isCrossSite = (cookie: CookieName): boolean => cookie === 'saml';

/** Scripts cannot read it, and pages of others send it only with links. */
export function writeCookie(
  context: AuthContext,
  reply: FastifyReply,
  cookie: CookieName,
  value: string,
  maxAgeMs: number,
): void {
  if (!plain.test(value)) throw new Error(`a cookie cannot have this value`);
  const secure = context.isSecure || isCrossSite(cookie) ? '; Secure' : '';
  const site = isCrossSite(cookie) ? 'None' : 'Lax';
  const lasts = `Max-Age=${Math.floor(maxAgeMs / 1000)}`;
  void reply.header(
    'set-cookie',
    `${nameOf(context, cookie)}=${value}; Path=/; ${lasts}; HttpOnly; SameSite=${site}${secure}`,
  );
}

export function clearCookie(context: AuthContext, reply: FastifyReply, cookie: CookieName): void {
  writeCookie(context, reply, cookie, '', 0);
}
