import { tokensOf, type ServerTokens } from '../../client/access/remote-login';
import { discoverServer, loginError } from './discover';

/** What somebody types, and where. */
export interface DeviceCode {
  url: string;
  code: string;
  /** The address with the code in it. */
  completeUrl?: string;
  expiresInSeconds: number;
}

export interface DeviceLoginOptions {
  /** Shows the code. */
  onCode: (code: DeviceCode) => void;
  signal?: AbortSignal;
}

/**
 * Logs in by a browser on any machine, in which somebody types a code (RFC 8628).
 * @throws BadRequest if it was not allowed, or not in time; EngineUnreachable if the server does not answer
 */
export async function logInByDevice(server: string, { onCode, signal }: DeviceLoginOptions): Promise<ServerTokens> {
  const configuration = await discoverServer(server);
  const { initiateDeviceAuthorization, pollDeviceAuthorizationGrant } = await import('openid-client');
  try {
    const device = await initiateDeviceAuthorization(configuration, {});
    onCode({
      url: device.verification_uri,
      code: device.user_code,
      ...(device.verification_uri_complete !== undefined && { completeUrl: device.verification_uri_complete }),
      expiresInSeconds: device.expires_in,
    });
    const tokens = await pollDeviceAuthorizationGrant(configuration, device, undefined, { ...(signal && { signal }) });
    return tokensOf(server, tokens);
  } catch (error) {
    throw loginError(server, error);
  }
}
