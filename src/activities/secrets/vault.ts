import { z } from 'zod';
import { httpCall, type HttpReply } from '../../guard/request';
import type { VaultAddress } from '../../model/instance';
import { RuntimeError } from '../../runtimes/runtime';
import { SoftwareFault } from '../failures';
import { monotonicMs } from '../../guard/monotonic';

const timeoutMs = 10_000;
const largestAnswer = 4 * 1024 * 1024;
/** Secrets of a stack that share a path share one answer. */
const keptMs = 2000;
/** Share of a token's lifetime after which a new login replaces it. */
const renewAfter = 0.8;

const secretAnswer = z.object({ data: z.object({ data: z.record(z.string(), z.unknown()) }) });
const loginAnswer = z.object({ auth: z.object({ client_token: z.string(), lease_duration: z.number() }) });

type Environment = Record<string, string | undefined>;

interface Kept<T> {
  until: number;
  answer: Promise<T>;
}

/**
 * HashiCorp Vault, KV version 2, over its HTTP API (https://developer.hashicorp.com/vault/api-docs). Configured like
 * Vault's own CLI: `VAULT_ADDR`, `VAULT_NAMESPACE`, and `VAULT_TOKEN` or, for AppRole, `VAULT_ROLE_ID` and
 * `VAULT_SECRET_ID`.
 */
export class Vault {
  private readonly secrets = new Map<string, Kept<Record<string, unknown>>>();
  private token?: Kept<string>;

  constructor(
    private readonly environment: Environment,
    private readonly limits = { timeoutMs, largestAnswer },
  ) {}

  /** @throws SoftwareFault if the key does not exist or may not be read, RuntimeError if Vault is unavailable */
  async read(name: string, { mount, path, key }: VaultAddress): Promise<string> {
    const found = (await this.secret(name, `${mount}/data/${path}`))[key];
    if (found === undefined || found === null)
      throw new SoftwareFault(`the secret ${name}: ${mount}/${path} in Vault has no key "${key}"`);
    return typeof found === 'string' ? found : JSON.stringify(found);
  }

  private secret(name: string, path: string): Promise<Record<string, unknown>> {
    const kept = this.secrets.get(path);
    if (kept && monotonicMs() < kept.until) return kept.answer;
    const answer = this.fetchSecret(name, path);
    this.secrets.set(path, { until: monotonicMs() + keptMs, answer });
    answer.catch(() => this.secrets.delete(path));
    return answer;
  }

  private async fetchSecret(name: string, path: string): Promise<Record<string, unknown>> {
    let answer = await this.ask(name, path);
    if (answer.status === 403 && this.token) {
      this.token = undefined;
      answer = await this.ask(name, path);
    }
    if (answer.status === 404)
      throw new SoftwareFault(`the secret ${name}: Vault has nothing at ${path}; write it with \`vault kv put\``);
    if (answer.status === 403)
      throw new SoftwareFault(
        `the secret ${name}: Vault does not let the worker read ${path}; grant its ` +
          'policy "read" there, and check that its token has not expired',
      );
    return read(secretAnswer, answer).data.data;
  }

  private async ask(name: string, path: string): Promise<HttpReply> {
    return this.call(name, path, { headers: { 'x-vault-token': await this.login(name) } });
  }

  private login(name: string): Promise<string> {
    const { VAULT_TOKEN: given, VAULT_ROLE_ID: role, VAULT_SECRET_ID: secret } = this.environment;
    if (given) return Promise.resolve(given);
    if (!role || !secret)
      throw new SoftwareFault(
        `the secret ${name}: the worker has no credentials for Vault; start it with ` +
          'VAULT_TOKEN, or with VAULT_ROLE_ID and VAULT_SECRET_ID',
      );
    if (this.token && monotonicMs() < this.token.until) return this.token.answer;
    const kept: Kept<string> = {
      until: Infinity,
      answer: this.loginByRole(name, role, secret).then(
        ({ token, forMs }) => ((kept.until = monotonicMs() + forMs * renewAfter), token),
      ),
    };
    this.token = kept;
    kept.answer.catch(() => (this.token = undefined));
    return kept.answer;
  }

  private async loginByRole(name: string, role: string, secret: string): Promise<{ token: string; forMs: number }> {
    const answer = await this.call(name, 'auth/approle/login', {
      method: 'POST',
      body: JSON.stringify({ role_id: role, secret_id: secret }),
    });
    if (answer.status < 200 || answer.status > 299)
      throw new SoftwareFault(
        `the secret ${name}: Vault refuses the worker's AppRole ` +
          `(${answer.status}); check VAULT_ROLE_ID and VAULT_SECRET_ID`,
      );
    const { client_token: token, lease_duration: seconds } = read(loginAnswer, answer).auth;
    return { token, forMs: seconds === 0 ? Infinity : seconds * 1000 };
  }

  private async call(
    name: string,
    path: string,
    request: { method?: string; body?: string; headers?: Record<string, string> },
  ): Promise<HttpReply> {
    const { VAULT_ADDR: address, VAULT_NAMESPACE: namespace } = this.environment;
    if (!address)
      throw new SoftwareFault(`the secret ${name}: the worker has no address of Vault; start it with VAULT_ADDR`);
    const url = urlOf(name, address, path);
    const headers = { ...request.headers, ...(namespace && { 'x-vault-namespace': namespace }) };
    const { timeoutMs: deadlineMs, largestAnswer: largest } = this.limits;
    const answer = await httpCall(url.href, { ...request, headers, deadlineMs, largest }).catch((error: Error) => {
      throw new RuntimeError('platform', `Vault at ${url.origin} does not answer (${error.message})`, { cause: error });
    });
    const { status } = answer;
    if (status >= 300 && status < 400)
      throw new SoftwareFault(
        `the secret ${name}: Vault at ${url.origin} redirects to another address, and the worker does ` +
          'not send its token there; set VAULT_ADDR to the final address',
      );
    if (status !== 429 && status < 500) return answer;
    throw new RuntimeError(
      'platform',
      `Vault at ${url.origin} answered ${status}${status === 503 ? ' (is it sealed?)' : ''}`,
    );
  }
}

/** @throws RuntimeError if the answer does not have the documented form */
function read<T>(schema: z.ZodType<T>, { body }: HttpReply): T {
  try {
    return schema.parse(JSON.parse(body));
  } catch (error) {
    throw new RuntimeError('platform', 'the answer of Vault does not have the documented form', { cause: error });
  }
}

/** Rejects path parts that could lead to another endpoint. */
function urlOf(name: string, address: string, path: string): URL {
  const base = URL.canParse(address) ? new URL(address) : undefined;
  if (!base || !/^https?:$/.test(base.protocol) || base.username || base.password)
    throw new SoftwareFault(
      `the secret ${name}: VAULT_ADDR is not a plain http or https address; ` +
        'use one such as https://vault.example.com:8200',
    );
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new SoftwareFault(
      `the secret ${name}: ${JSON.stringify(path)} is not a path in Vault; use one such as shop/postgres`,
    );
  return new URL(`${base.origin}${base.pathname.replace(/\/+$/, '')}/v1/${parts.map(encodeURIComponent).join('/')}`);
}
