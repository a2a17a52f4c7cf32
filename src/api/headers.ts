import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/** Nothing that is answered is a page, unless its route says so. */
const policy = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };

/** What counts for answers that are no pages; each header costs every answer time. */
const headers = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
};

/** Tells browsers what they may do with an answer of the API: show it nowhere, and guess nothing. */
export function addApiHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (_, reply, done) => {
    void reply.headers(headers);
    done();
  });
}

/** Tells browsers what the pages of a scope may do besides. */
export async function addPageHeaders(pages: FastifyInstance): Promise<void> {
  await pages.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: policy } });
}
