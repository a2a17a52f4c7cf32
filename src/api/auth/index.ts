import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { addPageHeaders } from '../headers';
import { problemIn, type Problem } from '../problems';
import { addLogin } from './browser/login';
import { sendTrouble, stylePath } from './browser/page';
import { addSessions } from './browser/sessions';
import { style } from './browser/style';
import type { AuthContext } from './context';
import { addLocalUsers, LocalContext } from './local';
import { addAuthorize } from './oauth/authorize';
import { addDeviceAuthorization, addDevicePage } from './oauth/device';
import { addMetadata } from './oauth/metadata';
import { OAuthError, sendJson } from './oauth/protocol';
import { addRevocation } from './oauth/revoke';
import { addToken } from './oauth/token';
import { addProviderLogin } from './provider-login';

export { createAuthContext, type AuthContext, type PeopleOptions } from './context';

const largestForm = 16 * 1024;

/** Adds the pages and endpoints with which people and CI jobs log in. */
export async function addAuth(app: FastifyInstance, context: AuthContext): Promise<void> {
  await app.register(async (pages) => {
    await addPageHeaders(pages);
    acceptForms(pages);
    pages.setErrorHandler((error, request, reply) => sendError(error, request, reply, context));
    const local = new LocalContext(context);
    addLogin(pages, context, local);
    addSessions(pages, context);
    addLocalUsers(pages, local);
    addProviderLogin(pages, context);
    addAuthorize(pages, context);
    addDevicePage(pages, context);
    pages.get(stylePath, { config: { action: 'open' } }, (_, reply) =>
      reply.header('cache-control', 'max-age=3600').type('text/css; charset=utf-8').send(style),
    );
  });
  await app.register(async (endpoints) => {
    acceptForms(endpoints);
    endpoints.setErrorHandler((error, request, reply) => sendOAuthError(error, request, reply, context));
    addMetadata(endpoints, context);
    addToken(endpoints, context);
    addDeviceAuthorization(endpoints, context);
    addRevocation(endpoints, context);
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
  const { status, detail, advice } = problemIn(error, request, context.onFailure);
  return sendTrouble(reply, status, detail, advice);
}

function sendOAuthError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  context: AuthContext,
): FastifyReply {
  const { code, message, status } =
    error instanceof OAuthError ? error : oauthErrorOf(problemIn(error, request, context.onFailure));
  return sendJson(reply.code(status), { error: code, error_description: message });
}

function oauthErrorOf({ status, detail, code }: Problem): OAuthError {
  if (code === 'failed') return new OAuthError('server_error', detail, status);
  const isPassing = code === 'unreachable' || code === 'too_many' || code === 'refused';
  return new OAuthError(isPassing ? 'temporarily_unavailable' : 'invalid_request', detail, status);
}
