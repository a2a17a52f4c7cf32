import { signal } from '@preact/signals';
import { Refused } from '../../api/client';
import { follow } from '../../api/live';
import type { AwayHost, Environment, Instance, Place } from '../../api/types';

export interface Instances {
  instances: Instance[];
  away: AwayHost[];
  /** Why nobody can tell now. */
  problem?: string;
}

/** An environment and its instances as they are now. */
export class LiveEnvironment {
  readonly state = signal<(Environment & { deployed?: boolean }) | undefined>(undefined);
  readonly instances = signal<Instances | undefined>(undefined);
  readonly problem = signal<Refused | undefined>(undefined);

  constructor(private readonly place: Place) {}

  start(): () => void {
    const { stack, environment } = this.place;
    return follow(`environment:${stack}/${environment}`, ({ type, data, problem }) => {
      if (type === 'problem') this.problem.value = new Refused(problem?.status ?? 0, problem?.detail ?? '');
      if (type === 'state') this.state.value = data as Environment;
      if (type === 'instances') this.take(data as Partial<Instances>);
    });
  }

  /** While nobody can tell, what was known before stays. */
  private take({ instances, away = [], problem }: Partial<Instances>): void {
    const known = this.instances.value;
    this.instances.value = {
      instances: instances ?? known?.instances ?? [],
      away,
      ...(problem !== undefined && { problem }),
    };
  }
}
