import { z } from 'zod';
import { httpCall, type HttpReply } from '../../guard/request';
import type { VaultAddress } from '../../model/instance';
import { RuntimeError } from '../../runtimes/runtime';
import { SoftwareFault } from '../failures';
import { monotonicMs } from '../../guard/monotonic';

const timeoutMs = 10_000;
const largestAnswer = 4 * 1024 * 1024;
/** A look at a stack reads each of its secrets; they share an answer. */
const keptMs = 2000;
/** A token is renewed by a new login before it ends. */
const spare = 0.8;

const secretAnswer = z.object({ data: z.object({ data: z.record(z.string(), z.unknown()) }) });
const loginAnswer = z.object({ auth: z.object({ client_token: z.string(), lease_duration: z.number() }) });

type Environment = Record<string, string | undefined>;

interface Kept<T> {
  until: number;
  answer: Promise<T>;
}

/**
 * HashiCorp Vault, KV version 2, by its HTTP interface (https://developer.hashicorp.com/vault/api-docs). Found as its
 * own command line finds it: `VAULT_ADDR`, `VAULT_NAMESPACE`, and `VAULT_TOKEN` or, for AppRole, `VAULT_ROLE_ID` and
 * `VAULT_SECRET_ID`.
 */
export class Vault {
  private readonly secrets = new Map<string, Kept<Record<string, unknown>>>();
  private token?: Kept<string>;

  constructor(
    private readonly environment: Environment,
    private readonly limits = { timeoutMs, largestAnswer },
  ) {}

  /** @throws SoftwareFault where there is no such key or it must not be read, RuntimeError where Vault is away */
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
        `the secret ${name}: Vault does not let the worker read ${path}; its ` +
          'policy needs "read" there, and its token must not have ended',
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
        `the secret ${name}: the worker has no way into Vault; start it with ` +
          'VAULT_TOKEN, or with VAULT_ROLE_ID and VAULT_SECRET_ID',
      );
    if (this.token && monotonicMs() < this.token.until) return this.token.answer;
    const kept: Kept<string> = {
      until: Infinity,
      answer: this.loginByRole(name, role, secret).then(
        ({ token, forMs }) => ((kept.until = monotonicMs() + forMs * spare), token),
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
          `(${answer.status}); look at VAULT_ROLE_ID and VAULT_SECRET_ID`,
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
      throw new SoftwareFault(`the secret ${name}: the worker does not know where Vault is; start it with VAULT_ADDR`);
    const url = urlOf(name, address, path);
    const headers = { ...request.headers, ...(namespace && { 'x-vault-namespace': namespace }) };
    const { timeoutMs: deadlineMs, largestAnswer: largest } = this.limits;
    const answer = await httpCall(url.href, { ...request, headers, deadlineMs, largest }).catch((error: Error) => {
      throw new RuntimeError('platform', `Vault at ${url.origin} does not answer (${error.message})`, { cause: error });
    });
    const { status } = answer;
    if (status >= 300 && status < 400)
      throw new SoftwareFault(
        `the secret ${name}: Vault at ${url.origin} sends to another address, which the worker does ` +
          'not follow with its token; name in VAULT_ADDR where Vault really answers',
      );
    if (status !== 429 && status < 500) return answer;
    throw new RuntimeError(
      'platform',
      `Vault at ${url.origin} answered ${status}${status === 503 ? ' (is it sealed?)' : ''}`,
    );
  }
}

/**
 * @throws RuntimeError where Vault, or whoever answers in its place, says something else than its documentation does
 */
function read<T>(schema: z.ZodType<T>, { body }: HttpReply): T {
  try {
    return schema.parse(JSON.parse(body));
  } catch (error) {
    throw new RuntimeError('platform', 'Vault answers something that is not of its documented form', { cause: error });
  }
}

/** Every part of the path is a name, and leads nowhere else. */
function urlOf(name: string, address: string, path: string): URL {
  const base = URL.canParse(address) ? new URL(address) : undefined;
  if (!base || !/^https?:$/.test(base.protocol) || base.username || base.password)
    throw new SoftwareFault(
      `the secret ${name}: VAULT_ADDR is no plain http or https address; ` +
        'write one such as https://vault.example.com:8200',
    );
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new SoftwareFault(
      `the secret ${name}: ${JSON.stringify(path)} is no path in Vault; write one such as shop/postgres`,
    );
  return new URL(`${base.origin}${base.pathname.replace(/\/+$/, '')}/v1/${parts.map(encodeURIComponent).join('/')}`);
}
