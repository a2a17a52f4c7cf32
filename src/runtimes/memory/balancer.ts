import type { InstanceSpec } from '../../model/instance';
import type { Front, RouteTable, TrafficState } from '../../model/traffic';
import type { Balancer } from '../runtime';

/** The initial state of a load balancer, from the files of its instance. */
export function initialTraffic({ files }: Pick<InstanceSpec, 'files'>): TrafficState {
  const content = (name: string) => files.find(({ path }) => path.endsWith(name))?.content ?? '';
  const tables = [...content('start.sh').matchAll(/^table='(.*)'$/gm)].map(
    ([, json]) => JSON.parse(json!) as RouteTable,
  );
  return { front: JSON.parse(content('front.json') || '{"routes":[],"redirects":[]}') as Front, tables };
}

/** A load balancer without requests, which stores its routes and targets. */
export function memoryBalancer(
  state: TrafficState,
  act: (call: string) => Promise<void>,
  isReached: (address: string) => boolean,
): Balancer {
  return {
    read: async () => structuredClone(state),
    route: async (tables) => {
      await act('route');
      state.tables = [...state.tables.filter(({ route }) => !tables.some((table) => table.route === route)), ...tables];
    },
    configure: async (front) => {
      await act('configure');
      state.front = front;
    },
    openRequests: async () => 0,
    unreached: async (addresses) =>
      addresses.filter((address) => !isReached(address)).map((address) => ({ address, reason: 'connection refused' })),
  };
}
