import { activateCommand, automaticMounts, challengesCommand, prepareVersionCommand } from '../../balancer/automatic';
import { nginxOptions } from '../../balancer/nginx-config';
import type { Command } from '../../balancer/scripts';
import type { IssuedCertificate } from '../../model/certificates';
import { balancerName } from '../../model/traffic';
import type { Place } from '../../policy';
import type { Runtimes } from '../../runtimes';
import { capability, RuntimeError, type Runtime } from '../../runtimes/runtime';
import { execInBalancer } from '../traffic/balancer';
import type { ChallengeAnswer } from './order';

/** The load balancers of an environment: one, or two while one replaces the other. */
export class LoadBalancers {
  private readonly runtime: Runtime;

  constructor(
    runtimes: Runtimes,
    private readonly place: Place,
  ) {
    this.runtime = runtimes({ runtime: 'docker', ...place });
  }

  /** Lets all of them answer these challenges, and no others. @throws RuntimeError if none runs */
  async answer(answers: readonly ChallengeAnswer[]): Promise<void> {
    const names = await this.running();
    if (names.length === 0) throw this.away();
    for (const name of names) await this.run(name, challengesCommand(answers));
  }

  /** Lets all of them serve a certificate; those that do already are left alone. @throws RuntimeError if none runs */
  async serve({ version, certificate, key }: IssuedCertificate): Promise<void> {
    const names = await this.running();
    if (names.length === 0) throw this.away();
    for (const name of names) {
      if ((await this.run(name, prepareVersionCommand(version))).trim() === 'served') continue;
      const mounts = automaticMounts(version, { certificate, key }, nginxOptions('docker'));
      await capability(this.runtime, 'putSecrets')(name, mounts);
      await this.run(name, activateCommand(version));
    }
  }

  private async running(): Promise<string[]> {
    const { instances } = await this.runtime.observe({ images: [], ports: [] });
    return instances
      .filter(({ service, state }) => service === balancerName && state === 'running')
      .map(({ name }) => name);
  }

  private away(): RuntimeError {
    const { stack, environment } = this.place;
    return new RuntimeError('platform', `no load balancer of ${stack}/${environment} runs`);
  }

  private run(name: string, command: Command): Promise<string> {
    return execInBalancer(this.runtime, name, command);
  }
}
