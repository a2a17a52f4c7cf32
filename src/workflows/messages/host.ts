import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Claimed, HostBreaker, HostClaim, HostPlace, HostReport } from '../../model/host';
import { requireHostId, requireName } from '../../model/names';

/** What deployments and the owners of their hosts say to each other. */

/** Id of the workflow that owns a host. @throws NameProblem where a name in it is none */
export const hostId = ({ runtime, name }: HostPlace): string =>
  requireHostId(['host', runtime, ...(name === undefined ? [] : [requireName('host', name)])].join('/'));

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
