import type { Configuration } from 'openid-client';
import type { AccessConfig } from '../../../config/access';
import { ApiProblem } from '../../problems';

type Provider = AccessConfig['providers'][string];

/** What an identity provider says about itself is read again after this time. */
const freshMs = 3_600_000;
const timeoutSeconds = 10;

interface Known {
  key: string;
  at: number;
  configuration: Promise<Configuration>;
}

/** The configurations of identity providers, read when they are needed. */
export class Providers {
  private readonly known = new Map<string, Known>();

  constructor(private readonly onFailure: (error: Error) => void) {}

  /** @throws ApiProblem if the provider does not answer */
  async configurationOf(name: string, provider: Provider, now = Date.now()): Promise<Configuration> {
    const key = JSON.stringify(provider);
    const known = this.known.get(name);
    if (known?.key === key && now - known.at < freshMs) return known.configuration;
    const configuration = this.discover(name, provider);
    const found = { key, at: now, configuration };
    this.known.set(name, found);
    configuration.catch(() => {
      if (this.known.get(name) === found) this.known.delete(name);
    });
    return configuration;
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
