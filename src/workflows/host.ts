import {
  allHandlersFinished,
  continueAsNew,
  getExternalWorkflowHandle,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { HostBreaker, HostPlace, HostReport } from '../model/host';
import { forEachGone } from './support/gone';
import { admit } from './support/admit';
import { countFailure } from './support/breaker';
import { reportHost } from './support/reporter';
import { listen } from './support/listen';
import { claimHostSignal, hostId, hostQuery, hostWordSignal, reportHostSignal, type HostState } from './messages';
import { inputs, shapes } from './messages/shapes';
import { serialised, waitUntil } from './support/serialised-events';

/** The workflow ends after this time without claims; the next claim starts a new one. */
const idleMs = 600_000;
/** Maximum age of an observation that a plan uses: pulling images can take this long. */
const rememberedMs = 7_200_000;
const mostRemembered = 200;

/**
 * Tracks the claimed but not yet used ports and resources of a host, and its circuit breaker. Answers each claim with
 * the earlier claims, for the deployment to plan around. Drops the claims of deployments that no longer run.
 */
export async function host(place: HostPlace, before?: HostState): Promise<void> {
  admit(place, inputs.host, 'host');
  const state: HostState = before ?? { place, claims: [], kept: [] };
  const asking: string[] = [];
  let changes = 0;
  setHandler(hostQuery, () => state);
  listen(claimHostSignal, shapes.hostClaim, (claim) => {
    changes += 1;
    state.claims = [...state.claims.filter(({ workflowId }) => workflowId !== claim.workflowId), claim];
    asking.push(claim.workflowId);
  });
  listen(reportHostSignal, shapes.hostReport, (report) => {
    changes += 1;
    release(report, state);
    state.breaker = counted(state.breaker, report, Date.now());
    reportHost({
      host: hostId(place),
      failures: state.breaker?.failures ?? 0,
      open: state.breaker?.openedAt !== undefined,
      message: report.trouble,
    });
  });

  for (;;) {
    const seen = changes;
    for (let next = asking.shift(); next !== undefined; next = asking.shift()) await answer(next, state);
    if (workflowInfo().continueAsNewSuggested) {
      await waitUntil(allHandlersFinished);
      return continueAsNew<typeof host>(place, state);
    }
    const isBusy = await waitUntil(() => changes !== seen || asking.length > 0, idleMs, 'wait for a claim or a report');
    if (
      !isBusy &&
      state.claims.length + state.kept.filter(({ at }) => Date.now() - at < rememberedMs).length === 0 &&
      !state.breaker
    )
      return;
    if (!isBusy)
      await forEachGone(
        state.claims.map(({ workflowId }) => workflowId),
        (endedId) => forget(endedId, state),
      );
  }
}

/** Answers a claim with the claims of others before it. */
async function answer(workflowId: string, state: HostState): Promise<void> {
  const earlier = () =>
    state.claims.slice(
      0,
      state.claims.findIndex((claim) => claim.workflowId === workflowId),
    );
  await forEachGone(
    earlier().map((claim) => claim.workflowId),
    (endedId) => forget(endedId, state),
  );
  const claim = state.claims.find((each) => each.workflowId === workflowId);
  if (!claim) return;
  const unseen = state.kept.filter(({ at }) => at >= claim.seenAt);
  const answered = {
    host: hostId(state.place),
    round: claim.round,
    others: [...unseen, ...earlier()].map(({ ports, reserve, by }) => ({ ports, reserve, by })),
  };
  await serialised(getExternalWorkflowHandle(workflowId).signal(hostWordSignal, answered)).catch(() => undefined);
}

function forget(workflowId: string, state: HostState): void {
  state.claims = state.claims.filter((claim) => claim.workflowId !== workflowId);
}

function release({ workflowId, kept }: HostReport, state: HostState): void {
  const now = Date.now();
  const claim = state.claims.find((each) => each.workflowId === workflowId);
  state.claims = state.claims.filter((each) => each !== claim);
  if (claim && kept) state.kept.push({ ports: claim.ports, reserve: claim.reserve, by: claim.by, at: now });
  state.kept = state.kept.filter(({ at }) => now - at < rememberedMs).slice(-mostRemembered);
}

/** The circuit breaker of a host after a report; a successful deployment closes it. */
export function counted(
  before: HostBreaker | undefined,
  { trouble, breaker }: HostReport,
  now: number,
): HostBreaker | undefined {
  if (trouble === undefined) return undefined;
  return { ...breaker, trouble, ...countFailure(breaker, before?.failures ?? 0, now) };
}
