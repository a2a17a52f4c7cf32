import type { Configuration } from 'openid-client';
import type { Provider as AnyProvider } from '../../../config/access';
import { ApiProblem } from '../../problems';
import { Remembered } from '../../remembered';

export type Provider = AnyProvider & { type: 'oidc' };

/** What an identity provider says about itself is read again after this time. */
const freshMs = 3_600_000;
const timeoutSeconds = 10;

/** The configurations of identity providers, read when they are needed. */
export class Providers {
  private readonly known = new Remembered<Configuration>({ freshMs });

  constructor(private readonly onFailure: (error: Error) => void) {}

  /** @throws ApiProblem if the provider does not answer */
  configurationOf(name: string, provider: Provider): Promise<Configuration> {
    return this.known.get(`${name} ${JSON.stringify(provider)}`, () => this.discover(name, provider));
  }

  private async discover(name: string, { issuer, client_id: id, secret }: Provider): Promise<Configuration> {
    const { allowInsecureRequests, ClientSecretBasic, discovery, enableNonRepudiationChecks, None } =
      await import('openid-client');
    const authentication = secret === undefined ? None() : ClientSecretBasic(secret);
    // The signature of an ID token is checked too, although it comes from the provider itself.
    const execute = [enableNonRepudiationChecks, ...(issuer.startsWith('http:') ? [allowInsecureRequests] : [])];
    try {
      return await discovery(new URL(issuer), id, undefined, authentication, { timeout: timeoutSeconds, execute });
    } catch (error) {
      this.onFailure(new Error(`the identity provider ${name}: ${(error as Error).message}`, { cause: error }));
      throw new ApiProblem('unreachable', `the identity provider ${name} cannot be reached`, {
        advice: 'try again; the log of the server has more',
      });
    }
  }
}
