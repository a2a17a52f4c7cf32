import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Configuration } from 'openid-client';
import { ApiProblem } from '../../problems';
import { takeBegun, writeBegun, type Begun } from '../browser/begun';
import type { AuthContext } from '../context';
import { neededClaims, personOf, type Finished } from '../person';
import { Providers, type Provider } from './providers';

interface OidcBegun extends Begun {
  state: string;
  nonce: string;
  verifier: string;
}

const secrets = ['state', 'nonce', 'verifier'] as const;
const defaultScopes = ['openid', 'email', 'profile'];

/** Log-ins at identity providers with OpenID Connect (authorization code with PKCE). */
export class OidcLogin {
  private readonly providers: Providers;

  constructor(private readonly context: AuthContext) {
    this.providers = new Providers(context.onFailure);
  }

  /** Sends a browser to the provider. @throws ApiProblem if the provider does not answer */
  async begin(reply: FastifyReply, name: string, provider: Provider, back?: string): Promise<FastifyReply> {
    const configuration = await this.providers.configurationOf(name, provider);
    return begin(this.context, reply, configuration, { name, provider, back });
  }

  /** Who comes back from the provider. @throws ApiProblem if it does not vouch for anybody */
  async finish(request: FastifyRequest, reply: FastifyReply, name: string, provider: Provider): Promise<Finished> {
    const begun = takeBegun<OidcBegun>(this.context, request, reply, { cookie: 'oidc', provider: name, secrets });
    const configuration = await this.providers.configurationOf(name, provider);
    const claims = await claimsOf(this.context, request, configuration, provider, begun);
    return { person: personOf(name, provider, claims), back: begun.back };
  }
}

async function begin(
  context: AuthContext,
  reply: FastifyReply,
  configuration: Configuration,
  { name, provider, back }: { name: string; provider: Provider; back?: string },
): Promise<FastifyReply> {
  const client = await import('openid-client');
  const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()];
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: `${context.issuer}/auth/callback/${name}`,
    scope: (provider.scopes ?? defaultScopes).join(' '),
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  const begun: OidcBegun = { provider: name, state, nonce, verifier, ...(back !== undefined && { back }) };
  writeBegun(context, reply, 'oidc', begun);
  return reply.header('cache-control', 'no-store').redirect(url.href, 303);
}

/** What the provider says about whoever comes back from it. @throws ApiProblem if it does not vouch for anybody */
async function claimsOf(
  { issuer, onFailure }: AuthContext,
  { url }: FastifyRequest,
  configuration: Configuration,
  provider: Provider,
  { state, nonce, verifier }: OidcBegun,
): Promise<Record<string, unknown>> {
  const client = await import('openid-client');
  try {
    const tokens = await client.authorizationCodeGrant(configuration, new URL(`${issuer}${url}`), {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims()!;
    const isComplete = neededClaims(provider).every((claim) => Object.hasOwn(claims, claim));
    if (isComplete || configuration.serverMetadata().userinfo_endpoint === undefined) return claims;
    const more = await client.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    return { ...more, ...claims };
  } catch (error) {
    onFailure(new Error(`a log-in failed: ${(error as Error).message}`, { cause: error }));
    throw new ApiProblem('forbidden', 'the identity provider did not confirm who you are', { advice: 'begin again' });
  }
}
