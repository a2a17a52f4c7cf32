import type { FastifyInstance } from 'fastify';
import type { AuthContext } from '../context';
import { grantTypes, paths, sendJson } from './protocol';

/** Adds what programs read to log in (RFC 8414), and the public keys of the servers. */
export function addMetadata(app: FastifyInstance, { issuer, access }: AuthContext): void {
  const open = { config: { action: 'open' } } as const;
  const at = (path: string) => `${issuer}${path}`;
  const metadata = {
    issuer,
    authorization_endpoint: at(paths.authorize),
    token_endpoint: at(paths.token),
    device_authorization_endpoint: at(paths.deviceAuthorization),
    revocation_endpoint: at(paths.revoke),
    jwks_uri: at(paths.keys),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: Object.values(grantTypes),
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    authorization_response_iss_parameter_supported: true,
  };
  app.get(paths.metadata, open, (_, reply) => sendJson(reply, metadata));
  app.get(paths.keys, open, async (_, reply) => {
    const keys = Object.entries(await access.keys()).map(([kid, { x }]) => ({
      kty: 'OKP',
      crv: 'Ed25519',
      x,
      kid,
      alg: 'EdDSA',
      use: 'sig',
    }));
    return sendJson(reply, { keys });
  });
}
