import { signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Refused } from '../../api/client';
import { follow } from '../../api/live';
import { placeText } from '../../api/place';
import type { AwayHost, Environment, Instance, Place } from '../../api/types';

export interface Instances {
  instances: Instance[];
  away: AwayHost[];
  /** Why the hosts cannot be asked now. */
  problem?: string;
}

/** An environment and its instances as they are now. */
class LiveEnvironment {
  readonly state = signal<(Environment & { deployed?: boolean }) | undefined>(undefined);
  readonly instances = signal<Instances | undefined>(undefined);
  readonly problem = signal<Refused | undefined>(undefined);

  constructor(private readonly place: Place) {}

  start(): () => void {
    return follow(`environment:${placeText(this.place)}`, ({ type, data, problem }) => {
      if (problem) this.problem.value = problem;
      if (type === 'state') this.state.value = data as Environment;
      if (type === 'instances') this.take(data as Partial<Instances>);
    });
  }

  /** While the hosts cannot be asked, the last instances stay. */
  private take({ instances, away = [], problem }: Partial<Instances>): void {
    const known = this.instances.value;
    this.instances.value = {
      instances: instances ?? known?.instances ?? [],
      away,
      ...(problem !== undefined && { problem }),
    };
  }
}

/** An environment, followed while a part of the page is there. */
export function useEnvironment(place: Place): LiveEnvironment {
  const live = useMemo(() => new LiveEnvironment(place), [placeText(place)]);
  useEffect(() => live.start(), [live]);
  return live;
}
