import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { SlotClaim } from '../../activities/contract';
import { only, type TypeOf } from './shape';

/** Messages between deployments and the fleet, which limits how many deployments run at once. */

export const fleetId = 'fleet';

export interface FleetState {
  limit: number;
  /** Ids of the deployments that have a slot, the oldest first. */
  holders: string[];
  /** Ids of the waiting deployments, the next one first. */
  waiting: string[];
}

export const fleetQuery = defineQuery<FleetState>('state');
export const claimSignal = defineSignal<[SlotClaim]>('claim');
/** The deployment has ended, or no longer wants a slot. */
export const giveBackSignal = defineSignal<[string]>('giveBack');

/** The answer of the fleet to a deployment: it may start, or `limit` deployments already run. */
export const slotWord = only({ granted: 'flag', limit: 'number' });
export type SlotWord = TypeOf<typeof slotWord>;

export const slotSignal = defineSignal<[SlotWord]>('slot');
