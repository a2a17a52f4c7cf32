import { hash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

/** Gives each answer in JSON an `ETag`, and answers 304 if the client has it already. */
export function addEtags(app: FastifyInstance): void {
  app.addHook('onSend', ({ method, headers }, reply, payload, done) => {
    const type = reply.getHeader('content-type');
    const isTagged = method === 'GET' && reply.statusCode === 200 && typeof payload === 'string';
    if (!isTagged || typeof type !== 'string' || !type.startsWith('application/json')) return done(null, payload);
    const tag = tagOf(payload);
    void reply.headers(tagHeaders(tag));
    if (!isKnown(headers['if-none-match'], tag)) return done(null, payload);
    void reply.code(304).removeHeader('content-type').removeHeader('content-length');
    done(null, null);
  });
}

/** The tag of an answer. */
export function tagOf(payload: string | Buffer): string {
  return `"${hash('sha256', payload, 'base64url').slice(0, 27)}"`;
}

/** What one caller may see is for nobody else, and may change at any time. */
export const tagHeaders = (tag: string) => ({ etag: tag, 'cache-control': 'private, no-cache' });

/** Weak tags compare as strong ones here (RFC 9110, 13.1.2). */
export function isKnown(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === tag);
}
