import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { SlotClaim } from '../../activities/contract';

/** What deployments and the fleet say to each other, where the workers take only so many deployments at once. */

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

/** What the fleet tells a deployment: that it may begin, or behind how many it waits. */
export interface SlotWord {
  granted: boolean;
  limit: number;
}

export const slotSignal = defineSignal<[SlotWord]>('slot');
