import type { Stack } from '../../../model/stack';
import type { StackObservation } from '../../../plan/hosts/view';
import type { Intent } from '../../../plan/plan';
import { activity } from '../../support/activity-options';

/** What a deployment says about the certificate that its environment gets by itself. Nothing waits for a CA. */
export class CertificateWishes {
  /** Whether the environment has such a certificate, or had one before the deployment. */
  private isConcerned = false;
  private stops = false;

  constructor(private readonly taskQueue: string) {}

  see({ front }: Pick<Stack, 'front'>, intent: Intent, { views }: StackObservation): void {
    const had = views.some(({ observation: { traffic } }) => traffic?.front?.automatic !== undefined);
    this.isConcerned = front?.automatic !== undefined || had;
    this.stops = intent.kind === 'stop' && !intent.services;
  }

  /** The load balancer of the environment needs this from now on. */
  async commit({ name: stack, environment, front }: Stack): Promise<void> {
    if (!this.isConcerned) return;
    const wished = this.stops ? undefined : front?.automatic;
    const summary = wished ? `ask for a certificate for ${wished.hosts.join(', ')}` : 'end the certificate';
    await activity('wishCertificate', this.taskQueue, summary)({ stack, environment }, wished);
  }
}
