import { PeerFailure } from '../../guard/deadline';
import { httpCall, type HttpReply } from '../../guard/request';
import { parseJson } from '../../model/text/json';
import { dockerHub, isLoopback } from '../../model/names/registry';
import { BadRequest } from '../../temporal/errors';
import { challengesOf, type Challenge } from './challenges';

/** A user and password of an image registry. */
export interface Credential {
  user: string;
  password: string;
}

/** `open`: the registry asks nobody for a password, so it was not checked. */
export type Verification = 'accepted' | 'open';

const callMs = 10_000;
const largestToken = 256 * 1024;
/** Docker Hub answers under another name than images have for it. */
const hubHost = 'registry-1.docker.io';

/**
 * Checks a credential as `docker login` does: against `/v2/` of the registry, with Basic or with a token of the service
 * that the registry names (https://distribution.github.io/distribution/spec/auth/token/). Over HTTPS; a registry on
 * this machine may speak HTTP. The credential goes to the registry and to that service, and follows no redirect.
 * @param deadlineMs time limit of each of the at most five requests
 * @throws BadRequest if the registry refuses the credential, or cannot check it
 */
export async function verifyCredential(
  registry: string,
  credential: Credential,
  deadlineMs = callMs,
): Promise<Verification> {
  const verifier = new Verifier(registry, credential, deadlineMs);
  try {
    return await verifier.verify();
  } catch (error) {
    throw error instanceof PeerFailure ? verifier.unverifiable(error.message) : error;
  }
}

class Verifier {
  private readonly basic: string;

  constructor(
    private readonly registry: string,
    private readonly credential: Credential,
    private readonly deadlineMs: number,
  ) {
    this.basic = `Basic ${Buffer.from(`${credential.user}:${credential.password}`).toString('base64')}`;
  }

  async verify(): Promise<Verification> {
    const { base, answer } = await this.knock();
    if (answer.status === 200) return this.requireAccepted(await this.get(base, this.basic), 'open');
    if (answer.status !== 401) throw this.unverifiable(`it answers ${answer.status}, not as a registry does`);
    const challenges = challengesOf(answer.headers['www-authenticate'] ?? '');
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer) return this.requireAccepted(await this.get(base, `Bearer ${await this.fetchToken(bearer)}`));
    if (challenges.some(({ scheme }) => scheme === 'basic'))
      return this.requireAccepted(await this.get(base, this.basic));
    throw this.unverifiable('it offers neither Basic nor Bearer authentication');
  }

  unverifiable(reason: string): BadRequest {
    return new BadRequest(
      `${this.registry} cannot check the password from here: ${reason}. Nothing was stored; correct the host, or ` +
        'store the password unchecked with --no-verify',
    );
  }

  /** The address at which the registry answers, and what it says to somebody unknown. */
  private async knock(): Promise<{ base: string; answer: HttpReply }> {
    const host = this.registry === dockerHub ? hubHost : this.registry;
    const secure = `https://${host}/v2/`;
    const plain = `http://${host}/v2/`;
    try {
      return { base: secure, answer: await this.get(secure) };
    } catch (error) {
      if (!isLoopback(host)) throw error;
      return { base: plain, answer: await this.get(plain) };
    }
  }

  private get(url: string, authorization?: string): Promise<HttpReply> {
    return httpCall(url, {
      ...(authorization !== undefined && { headers: { authorization } }),
      deadlineMs: this.deadlineMs,
      largest: 0,
    });
  }

  private async fetchToken({ parameters: { realm = '', service } }: Challenge): Promise<string> {
    const url = this.realmOf(realm);
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.set('account', this.credential.user);
    const answer = await httpCall(url.href, {
      headers: { authorization: this.basic },
      deadlineMs: this.deadlineMs,
      largest: largestToken,
      elsewhere: true,
    });
    this.requireAccepted(answer);
    const token = tokenIn(answer.body);
    if (token === undefined) throw this.unverifiable(`its token service ${url.host} answers without a token`);
    return token;
  }

  /** A token service gets the password, so its address has to be safe. */
  private realmOf(realm: string): URL {
    const url = URL.canParse(realm) ? new URL(realm) : undefined;
    const isSafe =
      url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.host) && isLoopback(this.registry));
    if (!url || !isSafe || url.username !== '' || url.password !== '')
      throw this.unverifiable('it names a token service that is not at a plain https address');
    return url;
  }

  private requireAccepted({ status }: HttpReply, verification: Verification = 'accepted'): Verification {
    if (status === 200) return verification;
    if (status === 401 || status === 403)
      throw new BadRequest(
        `${this.registry} refuses this password of ${this.credential.user} (${status}); nothing was stored`,
      );
    throw this.unverifiable(status >= 300 && status < 400 ? 'it redirects elsewhere' : `it answers ${status}`);
  }
}

/** Undefined unless the answer has a token that fits into a header. */
function tokenIn(body: string): string | undefined {
  const { token, access_token: accessToken } = (parseJson(body) ?? {}) as Record<string, unknown>;
  const found = token ?? accessToken;
  return typeof found === 'string' && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
}
