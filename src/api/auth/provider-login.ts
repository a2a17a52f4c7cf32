import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Provider } from '../../config/access';
import { ApiProblem } from '../problems';
import { returnPath } from './browser/return-path';
import { openBrowserSession } from './browser/session';
import type { AuthContext } from './context';
import { OidcLogin } from './oidc/login';
import type { Finished } from './person';
import { SamlLogin } from './saml/login';

const open = { config: { action: 'open' } } as const;
/** An assertion has every group of a person, and certificates. */
const largestAssertion = 512 * 1024;

/** Adds the log-in at identity providers. */
export function addProviderLogin(app: FastifyInstance, context: AuthContext): void {
  const oidc = new OidcLogin(context);
  const saml = new SamlLogin(context);
  const finish = async (request: FastifyRequest, reply: FastifyReply, { person, back }: Finished) => {
    await openBrowserSession(context, request, reply, person);
    return reply.redirect(returnPath(back, context.origin) ?? '/login', 303);
  };
  app.get('/auth/login/:provider', open, async (request, reply) => {
    const [name, provider] = providerOf(context, request);
    const back = returnPath((request.query as { return?: unknown }).return, context.origin);
    return provider.type === 'saml' ? saml.begin(reply, name, provider, back) : oidc.begin(reply, name, provider, back);
  });
  app.get('/auth/callback/:provider', open, async (request, reply) => {
    const [name, provider] = providerOf(context, request, 'oidc');
    return finish(request, reply, await oidc.finish(request, reply, name, provider));
  });
  const fromProvider = { config: { action: 'open', isFromOthers: true }, bodyLimit: largestAssertion } as const;
  app.post('/auth/callback/:provider', fromProvider, async (request, reply) => {
    const [name, provider] = providerOf(context, request, 'saml');
    return finish(request, reply, await saml.finish(request, reply, name, provider));
  });
  app.get('/auth/metadata/:provider', open, async (request, reply) => {
    const [name, provider] = providerOf(context, request, 'saml');
    return reply.type('application/samlmetadata+xml').send(await saml.metadata(name, provider));
  });
}

type TypeOfProvider = Provider['type'];

/** @throws ApiProblem if no such provider is declared */
function providerOf<T extends TypeOfProvider = TypeOfProvider>(
  { declared }: AuthContext,
  { params }: FastifyRequest,
  type?: T,
): [name: string, provider: Provider & { type: T }] {
  const { provider: name } = params as { provider: string };
  const { providers } = declared();
  const provider = Object.hasOwn(providers, name) ? providers[name] : undefined;
  if (!provider || (type !== undefined && provider.type !== type))
    throw new ApiProblem('not_found', 'there is no such identity provider');
  return [name, provider as Provider & { type: T }];
}
