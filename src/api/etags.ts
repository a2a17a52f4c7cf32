import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

/** Gives each answer in JSON an `ETag`, and answers 304 if the client has it already. */
export function addEtags(app: FastifyInstance): void {
  app.addHook('onSend', async ({ method, headers }, reply, payload) => {
    const type = reply.getHeader('content-type');
    const isTagged = method === 'GET' && reply.statusCode === 200 && typeof payload === 'string';
    if (!isTagged || typeof type !== 'string' || !type.startsWith('application/json')) return payload;
    const tag = `"${createHash('sha256').update(payload).digest('base64url').slice(0, 27)}"`;
    // What one caller may see is for nobody else, and may change at any time.
    void reply.headers({ etag: tag, 'cache-control': 'private, no-cache' });
    if (!isKnown(headers['if-none-match'], tag)) return payload;
    void reply.code(304).removeHeader('content-type').removeHeader('content-length');
    return null;
  });
}

/** Weak tags compare as strong ones here (RFC 9110, 13.1.2). */
function isKnown(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === tag);
}
