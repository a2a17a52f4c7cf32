import type { FastifyInstance } from 'fastify';
import { actingFor } from '../../../client';
import { isSameDigest } from '../../../guard/access/digest';
import { parseSessionToken } from '../../../guard/access/session-token';
import type { AuthContext } from '../context';
import { paths, requireClient, sendJson, type Fields } from './protocol';

/** Adds the endpoint that ends the session of a token (RFC 7009). A token that is not valid is one that has ended. */
export function addRevocation(app: FastifyInstance, context: AuthContext): void {
  app.post(paths.revoke, { config: { action: 'open' } }, async (request, reply) => {
    const fields = (request.body ?? {}) as Fields;
    requireClient(fields);
    const found = await sessionWith(context, fields.token ?? '');
    if (found) {
      const { sessions } = context.client.access;
      await actingFor({ by: found.subject, from: request.ip }, () => sessions.revoke(found.id));
      context.access.forget();
    }
    return sendJson(reply, {});
  });
}

/** The session of a refresh token, also of an earlier one, or of an access token. */
async function sessionWith(
  { client, access }: AuthContext,
  text: string,
): Promise<{ id: string; subject: string } | undefined> {
  const token = parseSessionToken('command-line', text);
  const caller = token ? undefined : await access.authenticate(text);
  const id = token?.id ?? caller?.session;
  const session = id === undefined ? undefined : await client.access.sessions.find(id);
  if (id === undefined || !session) return undefined;
  if (token && !isSameDigest(token.family, session.family)) return undefined;
  return { id, subject: session.subject };
}
