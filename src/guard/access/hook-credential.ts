import { sha256 } from './digest';

/**
 * A digest of the secret that a request to a trigger carries. The server sends this to the worker instead of the secret
 * itself; another trigger has another digest of the same secret.
 */
export function hookCredential(place: { stack: string; environment: string }, trigger: string, text: string): string {
  const secret = text.replace(/^Bearer +/i, '');
  return sha256(`deploy-code trigger ${place.stack}/${place.environment}/${trigger}\n${secret}`);
}
