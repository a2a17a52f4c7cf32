import { setTimeout as sleep } from 'node:timers/promises';
import type { Authorization, Client, Order } from 'acme-client';
import type { CertificateRefusal, CertificateWish } from '../../model/certificates';
import { isName } from '../../model/names';
import { oneLine } from '../../model/text';
import { RuntimeError } from '../../runtimes/runtime';
import { acmeError, AcmeTransport, type AcmeProblem } from './acme-transport';
import { ChainProblem, checkChain, type Chain } from './issued';

const firstPollMs = 500;
const longestPollMs = 5000;
/** The longest wait between two looks, whatever the CA says. */
const longestAskedMs = 30_000;
const longestMessage = 500;
/** If a CA limits requests and does not say how long. */
const limitedMs = 3_600_000;

/** The answer that proves a name to the CA: the file `token` has the text `answer`. */
export interface ChallengeAnswer {
  token: string;
  answer: string;
}

export interface OrderOptions {
  wish: CertificateWish;
  /** Private keys in PEM: of the account, and for the certificate. */
  account: string;
  key: string;
  authorities?: string[];
  signal: AbortSignal;
  /** URL of the order of an earlier attempt, which is continued if it can be. */
  earlier?: string;
  /** Remembers the URL of the order for the next attempt. */
  remember: (order: string) => void;
  /** Puts answers where the CA looks for them, and removes all others. */
  answer: (answers: readonly ChallengeAnswer[]) => Promise<void>;
}

/** What a CA refused, in its own words. */
export class CertificateRefused extends Error {
  constructor(
    message: string,
    readonly refusal: CertificateRefusal,
  ) {
    super(message);
  }
}

/**
 * Gets a certificate by ACME (RFC 8555) with HTTP-01. Every step can be repeated after a crash: the keys are those of
 * before, and an order that is unfinished is continued.
 * @throws CertificateRefused if the CA refuses
 * @throws RuntimeError if the CA, or the load balancer, does not answer
 */
export async function orderCertificate(options: OrderOptions): Promise<Chain> {
  const { wish, authorities, signal } = options;
  const transport = new AcmeTransport({ directory: wish.directory, authorities, signal });
  return transport.run(async ({ Client: AcmeClient, crypto }) => {
    const client = new AcmeClient({ directoryUrl: wish.directory, accountKey: options.account });
    const run = new CertificateOrder(client, transport, options);
    try {
      await run.register();
      await run.open();
      await run.prove();
      const [, csr] = await crypto.createCsr({ altNames: [...wish.hosts] }, options.key);
      return await run.finish(csr);
    } catch (error) {
      if (error instanceof CertificateRefused || error instanceof RuntimeError || signal.aborted) throw error;
      throw unreadable(new URL(wish.directory).host, error);
    } finally {
      await options.answer([]).catch(() => undefined);
    }
  });
}

type Account = Awaited<ReturnType<Client['createAccount']>>;

/** One order at a CA. */
class CertificateOrder {
  private order?: Order;
  private readonly ca: string;

  constructor(
    private readonly client: Client,
    private readonly transport: AcmeTransport,
    private readonly options: OrderOptions,
  ) {
    this.ca = new URL(options.wish.directory).host;
  }

  /** Finds the account of the key, or creates it. */
  async register(): Promise<void> {
    const { email } = this.options.wish;
    const contact = email === undefined ? undefined : [`mailto:${email}`];
    const account = await this.findAccount();
    if (!account) {
      await this.ask(() => this.client.createAccount({ termsOfServiceAgreed: true, ...(contact && { contact }) }));
    } else if (contact && account.contact?.join() !== contact.join()) {
      await this.ask(() => this.client.updateAccount({ contact }));
    }
  }

  private async findAccount(): Promise<Account | undefined> {
    try {
      return await this.ask(() => this.client.createAccount({ onlyReturnExisting: true }));
    } catch (error) {
      if (this.transport.refused?.problem.type === 'accountDoesNotExist') return undefined;
      throw error;
    }
  }

  /** Continues the order of an earlier attempt, or makes one. */
  async open(): Promise<void> {
    const { earlier, wish, remember } = this.options;
    if (earlier !== undefined) {
      const found = await this.ask(() => this.client.getOrder({ url: earlier } as Order)).catch(() => undefined);
      if (found && found.status !== 'invalid' && namesOf(found) === wish.hosts.join(' ')) this.order = found;
    }
    const identifiers = wish.hosts.map((value) => ({ type: 'dns', value }));
    this.order ??= await this.ask(() => this.client.createOrder({ identifiers }));
    remember(this.order.url);
  }

  /** Answers the challenges of all names that are not proved yet, and waits for the verdict of the CA. */
  async prove(): Promise<void> {
    const urls = this.order!.authorizations ?? [];
    if (this.order!.status !== 'pending') return;
    if (urls.length > this.options.wish.hosts.length) throw this.refuse('asks for more names than were ordered');
    const pending = (await this.read(urls)).filter(({ status }) => status === 'pending');
    const challenges = pending.map((each) => this.challengeOf(each));
    const answers: ChallengeAnswer[] = [];
    for (const challenge of challenges)
      answers.push({ token: challenge.token, answer: await this.client.getChallengeKeyAuthorization(challenge) });
    await this.options.answer(answers);
    for (const challenge of challenges)
      if (challenge.status === 'pending') await this.ask(() => this.client.completeChallenge(challenge));
    await this.poll(async () => {
      const seen = await this.read(pending.map(({ url }) => url));
      const failed = seen.find(({ status }) => status !== 'pending' && status !== 'valid');
      if (failed) throw this.refuseName(failed);
      if (seen.every(({ status }) => status === 'valid')) return true;
      // An instance of the load balancer that has just started has no answers yet.
      await this.options.answer(answers).catch(() => undefined);
      return false;
    });
  }

  /** Sends the request, and waits for the certificate. */
  async finish(csr: Buffer): Promise<Chain> {
    await this.poll(async () => {
      this.order = await this.ask(() => this.client.getOrder(this.order!));
      if (this.order.status === 'ready') this.order = await this.ask(() => this.client.finalizeOrder(this.order!, csr));
      if (this.order.status === 'invalid') {
        const problem = acmeError((this.order as { error?: unknown }).error);
        throw this.refuse(problem ? textOf(problem) : 'does not fulfil the order');
      }
      return this.order.status === 'valid';
    });
    const text = await this.ask(() => this.client.getCertificate(this.order!));
    const { key, wish } = this.options;
    try {
      return checkChain(String(text), key, wish.hosts);
    } catch (error) {
      throw error instanceof ChainProblem ? this.refuse(error.message) : error;
    }
  }

  private async read(urls: readonly string[]): Promise<Authorization[]> {
    const found: Authorization[] = [];
    for (const url of urls)
      found.push(...(await this.ask(() => this.client.getAuthorizations({ authorizations: [url] } as Order))));
    return found;
  }

  private challengeOf({ identifier, challenges }: Authorization): Authorization['challenges'][number] {
    const found = (challenges ?? []).find(({ type }) => type === 'http-01');
    if (!found) throw this.refuse(`offers no HTTP-01 for ${nameIn(identifier)}`);
    if (!isName('token', found.token)) throw this.refuse('gives a token that is none');
    return found;
  }

  private refuseName({ identifier, status, challenges }: Authorization): CertificateRefused {
    const problem = (challenges ?? []).map((each) => acmeError((each as { error?: unknown }).error)).find(Boolean);
    return this.refuse(`refuses ${nameIn(identifier)}: ${problem ? textOf(problem) : oneLine(String(status), 20)}`, {
      isFailedValidation: true,
    });
  }

  /** A call of the library. What the CA refuses becomes an error with its own words. */
  private async ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const { refused } = this.transport;
      if (error instanceof RuntimeError || this.options.signal.aborted) throw error;
      if (!refused) throw unreadable(this.ca, error);
      const isLimit = refused.problem.type === 'rateLimited';
      const waitMs = refused.retryAfterMs ?? (isLimit ? limitedMs : undefined);
      throw this.refuse(`refuses: ${textOf(refused.problem)}`, {
        ...(waitMs !== undefined && { retryAt: Date.now() + waitMs }),
      });
    }
  }

  private refuse(what: string, refusal: Partial<CertificateRefusal> = {}): CertificateRefused {
    const message = oneLine(`the CA ${this.ca} ${what}`, longestMessage);
    return new CertificateRefused(message, { isFailedValidation: false, ...refusal });
  }

  /** Looks until it holds, as often as the CA allows. The signal ends it. */
  private async poll(holds: () => Promise<boolean>): Promise<void> {
    for (let pause = firstPollMs; !(await holds()); pause = Math.min(pause * 2, longestPollMs)) {
      const asked = Math.min(this.transport.retryAfterMs ?? 0, longestAskedMs);
      await sleep(Math.max(pause, asked), undefined, { signal: this.options.signal });
    }
  }
}

/** What a CA answers does not have the form of RFC 8555. */
function unreadable(ca: string, error: unknown): RuntimeError {
  return new RuntimeError('platform', `the CA ${ca} does not answer in the form of ACME`, { cause: error });
}

function namesOf({ identifiers }: Order): string {
  return identifiers
    .map(({ value }) => value)
    .sort()
    .join(' ');
}

function nameIn(identifier: Authorization['identifier'] | undefined): string {
  return oneLine(String(identifier?.value), 253);
}

function textOf({ type, detail }: AcmeProblem): string {
  return detail === '' ? type : `${detail} (${type})`;
}
