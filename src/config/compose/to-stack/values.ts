import { isData } from '../../read/overlay';
import { list, type Data } from '../canonical/values';

export const swarm = 'is for a Swarm, and Compose ignores it too';

/** The map, or an empty one. */
export function dataOf(value: unknown): Data {
  return isData(value) ? value : {};
}

/** Replicas of a service; default 1. */
export function instancesOf({ scale, deploy }: Data): number {
  return Number(scale ?? dataOf(deploy).replicas ?? 1);
}

/** The list of maps, or an empty one. */
export function listOf(value: unknown): Data[] {
  return list(value ?? []) as Data[];
}
