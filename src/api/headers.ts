import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/** Headers of every answer: few, because each one costs time. Pages replace the policy by their own. */
export const apiHeaders = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
};

/** Tells browsers to show no answer, and to guess nothing about it. */
export function addApiHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (_, reply, done) => {
    void reply.headers(apiHeaders);
    done();
  });
}

/** Adds the headers that only pages need. */
export async function addPageHeaders(pages: FastifyInstance): Promise<void> {
  await pages.register(helmet, { contentSecurityPolicy: false });
}
