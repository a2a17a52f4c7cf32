import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Claimed, HostBreaker, HostClaim, HostPlace, HostReport } from '../../model/host';

/** What deployments and the owners of their hosts say to each other. */

export const hostId = ({ runtime, name }: HostPlace): string => `host/${runtime}${name === undefined ? '' : `/${name}`}`;

/** What those who came before have claimed. */
export interface HostWord {
  host: string;
  round: number;
  others: Claimed[];
}

export interface HostState {
  place: HostPlace;
  /** In the order of asking. */
  claims: HostClaim[];
  /** Of deployments that have ended: who had looked before that has not seen what they took. */
  kept: (Claimed & { at: number })[];
  breaker?: HostBreaker;
}

export const hostQuery = defineQuery<HostState>('state');
export const claimHostSignal = defineSignal<[HostClaim]>('claim');
export const reportHostSignal = defineSignal<[HostReport]>('report');
export const hostWordSignal = defineSignal<[HostWord]>('hostWord');
