import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Claimed, HostBreaker, HostClaim, HostPlace, HostReport } from '../../model/host';
import { requireHostId, requireName } from '../../model/names';
import { author } from './act';
import { fields, listOf, partOf, recordOf, type TypeOf } from './shape';

/** Messages between deployments and the workflows of their hosts. */

/** Id of the workflow of a host. @throws NameProblem if a name in it is invalid */
export const hostId = ({ runtime, name }: HostPlace): string =>
  requireHostId(['host', runtime, ...(name === undefined ? [] : [requireName('host', name)])].join('/'));

/** The answer of a host to a claim: the claims before it. */
export const hostWord = fields({
  host: 'text',
  round: 'number',
  others: listOf(partOf<Claimed>({ by: author, ports: listOf('text'), reserve: recordOf('number') })),
});
export type HostWord = TypeOf<typeof hostWord>;

export interface HostState {
  place: HostPlace;
  /** In the order of the requests. */
  claims: HostClaim[];
  /** Claims of ended deployments, for plans based on earlier observations of the host. */
  kept: (Claimed & { at: number })[];
  breaker?: HostBreaker;
}

export const hostQuery = defineQuery<HostState>('state');
export const claimHostSignal = defineSignal<[HostClaim]>('claim');
export const reportHostSignal = defineSignal<[HostReport]>('report');
export const hostWordSignal = defineSignal<[HostWord]>('hostWord');
