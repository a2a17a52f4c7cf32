import { joinedContainers, joinedServices, namespaces, type Joined, type Namespace } from '../../model/instance';
import type { Service } from '../../model/stack';
import { followedServices } from '../graph';
import type { ObservationIndex } from '../observation-index';
import { lanesOf, type PlannedService } from '../plan';

/**
 * The planned services, for those that follow them: which join their namespaces, or restart with them. A service is
 * planned after those that it follows.
 */
export class Followed {
  private readonly planned = new Map<string, PlannedService>();

  constructor(private readonly known: ObservationIndex) {}

  note(planned: PlannedService): void {
    this.planned.set(planned.name, planned);
  }

  /** The services whose replacement replaces this one too. */
  replacedWith(service: Service): string[] {
    return followedServices(service).filter((name) => {
      const action = this.planned.get(name)?.action;
      return action === 'create' || action === 'replace' || action === 'restart';
    });
  }

  /** The instances whose namespaces a service joins: those that run once their services are deployed. */
  joinsOf(service: Service): Joined {
    const instances = Object.entries(joinedServices(service)).flatMap(([namespace, name]) => {
      const instance = this.instanceOf(name);
      return instance === undefined ? [] : [[namespace, instance]];
    });
    return Object.fromEntries(instances) as Joined;
  }

  private instanceOf(name: string): string | undefined {
    const planned = this.planned.get(name);
    const started =
      planned &&
      lanesOf(planned)
        .flat()
        .find(({ kind }) => kind === 'start');
    if (started?.kind === 'start') return started.instance.name;
    return this.known.instancesOf(name).find((instance) => !planned?.superseded.includes(instance.name))?.name;
  }
}

const words: Record<Namespace, string> = { network: 'network', ipc: 'shared memory', pid: 'processes' };

/** Sentences of the plan about the services that a started one follows. */
export function followerNotes(service: Service, replacedWith: readonly string[]): string[] {
  const [joined, outside] = [joinedServices(service), joinedContainers(service)];
  const shared = namespaces.flatMap((namespace) => {
    const name = joined[namespace] ?? (outside[namespace] && `the container ${outside[namespace]}`);
    return name === undefined ? [] : [`the ${words[namespace]} of ${name}`];
  });
  return [
    ...(shared.length > 0 ? [`joins ${shared.join(' and ')}: never beside its old instance`] : []),
    ...(replacedWith.length > 0 ? [`restarts with ${replacedWith.join(', ')}`] : []),
  ];
}
