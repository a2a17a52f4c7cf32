import { randomBytes } from 'node:crypto';
import type { SAML } from '@node-saml/node-saml';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Provider as AnyProvider } from '../../../config/access';
import { ApiProblem } from '../../problems';
import { begunMs, takeBegun, writeBegun, type Begun } from '../browser/begun';
import type { AuthContext } from '../context';
import type { Finished } from '../person';
import { assertionFor, type Expected } from './assertion';
import { samlPerson } from './person';

type Provider = AnyProvider & { type: 'saml' };

interface SamlBegun extends Begun {
  /** Id of the request. */
  request: string;
}

const idBytes = 20;
/** Clocks of providers and servers differ. */
const clockSkewMs = 60_000;

/**
 * Log-ins at identity providers with SAML 2.0 (web browser SSO: the request as a redirect, the response as a form).
 * Nobody is logged in by a response that was not asked for here.
 */
export class SamlLogin {
  constructor(private readonly context: AuthContext) {}

  /** Sends a browser to the provider. */
  async begin(reply: FastifyReply, name: string, provider: Provider, back?: string): Promise<FastifyReply> {
    const request = `_${randomBytes(idBytes).toString('hex')}`;
    const begun: SamlBegun = { provider: name, request, ...(back !== undefined && { back }) };
    const saml = await this.serviceOf(name, provider, request);
    writeBegun(this.context, reply, 'saml', begun);
    const url = await saml.getAuthorizeUrlAsync('', undefined, {});
    return reply.header('cache-control', 'no-store').redirect(url, 303);
  }

  /** Who comes back from the provider. @throws ApiProblem if it does not vouch for anybody */
  async finish(request: FastifyRequest, reply: FastifyReply, name: string, provider: Provider): Promise<Finished> {
    const taken = { cookie: 'saml', provider: name, secrets: ['request'] } as const;
    const begun = takeBegun<SamlBegun>(this.context, request, reply, taken);
    const response = (request.body as Record<string, unknown> | undefined)?.SAMLResponse;
    try {
      if (typeof response !== 'string') throw new Error('the form has no SAMLResponse');
      const { requireSafeXml } = await import('./xml.js');
      requireSafeXml(Buffer.from(response, 'base64').toString());
      const saml = await this.serviceOf(name, provider, begun.request);
      const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: response });
      const said = assertionFor(this.expectedOf(name, provider, begun.request), profile);
      return { person: samlPerson(name, provider, said), back: begun.back };
    } catch (error) {
      if (error instanceof ApiProblem) throw error;
      this.context.onFailure(new Error(`a log-in failed: ${(error as Error).message}`, { cause: error }));
      throw new ApiProblem('forbidden', 'the identity provider did not confirm who you are', { advice: 'begin again' });
    }
  }

  /** What a provider has to know about this server, as XML. */
  async metadata(name: string, provider: Provider): Promise<string> {
    const saml = await this.serviceOf(name, provider, '');
    return saml.generateServiceProviderMetadata(null);
  }

  private expectedOf(name: string, { entity_id: issuer }: Provider, request: string): Expected {
    return { issuer, request, recipient: this.callbackOf(name), clockSkewMs };
  }

  private callbackOf(name: string): string {
    return `${this.context.issuer}/auth/callback/${name}`;
  }

  /** The library loads slowly, and few installations need it. */
  private async serviceOf(name: string, provider: Provider, request: string): Promise<SAML> {
    const { SAML: Service, ValidateInResponseTo } = await import('@node-saml/node-saml');
    const entity = `${this.context.issuer}/auth/metadata/${name}`;
    return new Service({
      entryPoint: provider.sso_url,
      idpIssuer: provider.entity_id,
      idpCert: provider.certificates,
      issuer: entity,
      audience: entity,
      callbackUrl: this.callbackOf(name),
      wantAssertionsSigned: true,
      wantAuthnResponseSigned: false,
      signatureAlgorithm: 'sha256',
      digestAlgorithm: 'sha256',
      identifierFormat: null,
      disableRequestedAuthnContext: true,
      acceptedClockSkewMs: clockSkewMs,
      generateUniqueId: () => request,
      validateInResponseTo: ValidateInResponseTo.always,
      requestIdExpirationPeriodMs: begunMs,
      cacheProvider: onlyRequest(request),
    });
  }
}

/** Knows the request that this browser made, and no other: servers share no memory. */
function onlyRequest(request: string) {
  const createdAt = Date.now();
  return {
    saveAsync: async (_: string, value: string) => ({ value, createdAt }),
    getAsync: async (key: string) => (key === request ? new Date(createdAt).toISOString() : null),
    removeAsync: async (key: string | null) => key,
  };
}
