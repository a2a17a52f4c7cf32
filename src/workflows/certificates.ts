import { CancellationScope, continueAsNew, isCancellation, setHandler, workflowInfo } from '@temporalio/workflow';
import { failureTypes } from '../activities/contract';
import type { CertificateRefusal, CertificateStatus, CertificateWish, IssuedCertificate } from '../model/certificates';
import {
  askedUntil,
  countedFailures,
  isForAnother,
  mayOrderAt,
  renewalAt,
  retryAt,
} from '../plan/traffic/certificate-times';
import { toProblem } from './deployment/steps/failure';
import { activity } from './support/activity-options';
import { admit } from './support/admit';
import { listen } from './support/listen';
import {
  certificateStatusQuery,
  endCertificatesSignal,
  issuedCertificateQuery,
  taskQueue,
  wishCertificateSignal,
  type CertificatesState,
  type Place,
} from './messages';
import { inputs, shapes } from './messages/shapes';
import { waitUntil } from './support/serialised-events';

const firstWishMs = 10_000;
/** How often it sees to it that every load balancer serves the certificate. */
const checkMs = 3_600_000;
const shortestWaitMs = 10;

/**
 * Gets the certificate of an environment and renews it: deployments say what they need, and wait for nothing. Ends when
 * the environment has no use for a certificate any more; the next run gets what it returns, so that the account and a
 * certificate that is still valid are used again.
 */
export async function certificates(place: Place, before?: CertificatesState): Promise<CertificatesState> {
  admit(place, inputs.environment, 'certificates');
  admit(before, inputs.certificatesState, 'certificates');
  const owner = new CertificateOwner(place, { ...before });
  setHandler(certificateStatusQuery, () => owner.status);
  setHandler(issuedCertificateQuery, () => owner.state.current);
  listen(wishCertificateSignal, shapes.certificateWish, (wish) => owner.take(wish));
  setHandler(endCertificatesSignal, () => owner.end());
  await waitUntil(() => owner.state.wish !== undefined, firstWishMs, 'wait for the first names');
  for (;;) {
    const { wish } = owner.state;
    if (!wish) return owner.state;
    const seen = owner.changes;
    await owner.follow(wish);
    if (owner.changes !== seen) continue;
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof certificates>(place, owner.state);
    await waitUntil(() => owner.changes !== seen, owner.restMs, 'keep the certificate');
  }
}

type CertificateTask = NonNullable<CertificatesState['trouble']>['task'];

class CertificateOwner {
  /** Counts what deployments have said. */
  changes = 0;
  private attempt?: CancellationScope;

  constructor(
    private readonly place: Place,
    readonly state: CertificatesState,
  ) {}

  /** For people and programs; undefined once it has ended. */
  get status(): CertificateStatus | undefined {
    const { wish, current, renewAt, trouble } = this.state;
    if (!wish) return undefined;
    return {
      hosts: wish.hosts,
      directory: wish.directory,
      ...(current && { current: withoutCiphertexts(current) }),
      ...(renewAt !== undefined && { renewAt }),
      ...(trouble && { trouble: { message: trouble.message, since: trouble.since, retryAt: trouble.retryAt } }),
    };
  }

  /** A deployment also ends the wait after a failure, as far as the limits of the CA allow. */
  take(told: CertificateWish): void {
    const { state } = this;
    const wish = { ...told, hosts: [...told.hosts].sort() };
    const isOther = state.wish === undefined || isForAnother(state.wish, wish);
    state.wish = wish;
    if (isOther) delete state.trouble;
    if (isOther) this.attempt?.cancel();
    if (state.trouble) state.trouble.retryAt = this.earliestRetry(state.trouble);
    this.changes += 1;
  }

  end(): void {
    delete this.state.wish;
    delete this.state.trouble;
    this.attempt?.cancel();
    this.changes += 1;
  }

  /** Orders a certificate if one is due, and sees to it that the load balancers serve the one that is there. */
  async follow(wish: CertificateWish): Promise<void> {
    if (this.isRetryDue && this.isOrderDue(wish)) await this.during('order', () => this.order(wish));
    const { current } = this.state;
    if (current && this.state.wish === wish) await this.during('serve', () => this.serve(current));
  }

  /** Time until the next order, retry or check, in ms. */
  get restMs(): number {
    const { trouble, current, renewAt = 0 } = this.state;
    const next = trouble ? trouble.retryAt : current ? renewAt : 0;
    return Math.max(shortestWaitMs, Math.min(next - Date.now(), checkMs));
  }

  private get isRetryDue(): boolean {
    return Date.now() >= (this.state.trouble?.retryAt ?? 0);
  }

  private isOrderDue(wish: CertificateWish): boolean {
    const { current, renewAt = 0 } = this.state;
    return !current || isForAnother(current, wish) || Date.now() >= renewAt;
  }

  /** What deployments say meanwhile may end it. Other failures are tried again later. */
  private async during(what: CertificateTask, work: () => Promise<void>): Promise<void> {
    const scope = new CancellationScope();
    this.attempt = scope;
    try {
      await scope.run(work);
    } catch (error) {
      if (!isCancellation(error)) this.fail(what, toProblem(error).message);
    } finally {
      this.attempt = undefined;
    }
  }

  private async order(wish: CertificateWish): Promise<void> {
    const { place, state } = this;
    const names = wish.hosts.join(', ');
    state.keys ??= await activity('makeCertificateKeys', taskQueue, 'make the keys of an order')(place, state.account);
    state.account = state.keys.account;
    const { keys } = state;
    const ordered = activity('orderCertificate', taskQueue, `order a certificate for ${names}`)({ place, wish, keys });
    const outcome = await ordered.catch((error: unknown) => {
      // Sealed with a key of the engine that is gone.
      if (toProblem(error).type === failureTypes.software) delete state.keys;
      throw error;
    });
    if ('refused' in outcome) return this.fail('order', outcome.refused.message, outcome.refused);
    const { issued } = outcome;
    Object.assign(state, { current: issued, renewAt: renewalAt(issued, Math.random()), failedAt: [] });
    delete state.keys;
    delete state.trouble;
  }

  private async serve(current: IssuedCertificate): Promise<void> {
    const { state } = this;
    const serve = activity('serveCertificate', taskQueue, `serve the certificate ${current.version}`);
    const isServed = await serve(this.place, current);
    if (!isServed) delete state.current;
    if (state.trouble?.task === 'serve') delete state.trouble;
  }

  /** An order that failed is the trouble to show, also if the former certificate cannot be served. */
  private fail(task: CertificateTask, message: string, refusal?: CertificateRefusal): void {
    const { state } = this;
    if (task === 'serve' && state.trouble?.task === 'order') return;
    const now = Date.now();
    const { attempts: before, since } = state.trouble?.task === task ? state.trouble : { attempts: 0, since: now };
    const attempts = before + 1;
    if (refusal?.isFailedValidation) state.failedAt = countedFailures([...(state.failedAt ?? []), now], now);
    state.trouble = {
      task,
      message,
      since,
      attempts,
      retryAt: retryAt({ attempts, refusal }, now, Math.random()),
      ...(refusal?.retryAt !== undefined && { notBefore: askedUntil(refusal, now) }),
    };
  }

  private earliestRetry({ notBefore = 0 }: NonNullable<CertificatesState['trouble']>): number {
    const now = Date.now();
    return Math.max(now, mayOrderAt(this.state.failedAt ?? [], now), notBefore);
  }
}

function withoutCiphertexts({
  certificate: _certificate,
  key: _key,
  ...about
}: IssuedCertificate): CertificateStatus['current'] {
  return about;
}
