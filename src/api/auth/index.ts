import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problemOf } from '../problems';
import { addLogin } from './browser/login';
import { sendTrouble, stylePath } from './browser/page';
import { style } from './browser/style';
import type { AuthContext } from './context';

export { createAuthContext, type AuthContext, type PeopleOptions } from './context';

const largestForm = 16 * 1024;

/** Adds the pages and endpoints with which people and CI jobs log in. */
export async function addAuth(app: FastifyInstance, context: AuthContext): Promise<void> {
  await app.register(async (pages) => {
    acceptForms(pages);
    pages.setErrorHandler((error, request, reply) => sendError(error, request, reply, context));
    addLogin(pages, context);
    pages.get(stylePath, { config: { action: 'open' } }, (_, reply) =>
      reply.header('cache-control', 'max-age=3600').type('text/css; charset=utf-8').send(style),
    );
  });
}

/** Forms as browsers send them; a field that is given twice is not valid. */
function acceptForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: largestForm },
    (_, body, done) => {
      const fields = [...new URLSearchParams(body as string)];
      const form = Object.fromEntries(fields);
      if (Object.keys(form).length === fields.length) done(null, form);
      else done(Object.assign(new Error('a field of the form is given twice'), { statusCode: 400 }));
    },
  );
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, context: AuthContext): FastifyReply {
  const problem = problemOf(error);
  if (problem.code === 'failed')
    context.onFailure(error as Error, { method: request.method, route: request.routeOptions.url ?? 'unknown' });
  return sendTrouble(reply, problem.status, problem.detail, problem.advice);
}
