import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { SlotClaim } from '../../activities/contract';
import { only, type TypeOf } from './shape';

/** Messages between deployments and the fleet, where the workers limit how many deployments run at once. */

export const fleetId = 'fleet';

export interface FleetState {
  limit: number;
  /** Ids of the deployments that have a slot, the oldest first. */
  holders: string[];
  /** Ids of those that wait, the next one first. */
  waiting: string[];
}

export const fleetQuery = defineQuery<FleetState>('state');
export const claimSignal = defineSignal<[SlotClaim]>('claim');
/** The deployment has ended, or wants no slot any more. */
export const giveBackSignal = defineSignal<[string]>('giveBack');

/** The answer of the fleet to a deployment: it may begin, or as many as `limit` run. */
export const slotWord = only({ granted: 'flag', limit: 'number' });
export type SlotWord = TypeOf<typeof slotWord>;

export const slotSignal = defineSignal<[SlotWord]>('slot');
