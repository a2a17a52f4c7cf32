import { continueAsNew, getExternalWorkflowHandle, setHandler, workflowInfo } from '@temporalio/workflow';
import { forEachGone } from './support/gone';
import { admit } from './support/admit';
import { listen } from './support/listen';
import { claimSignal, fleetQuery, giveBackSignal, slotSignal, type FleetState } from './messages';
import { inputs, shapes } from './messages/shapes';
import { serialised, waitUntil } from './support/serialised-events';

const checkMs = 60_000;
const idleCheckMs = 3_600_000;

/**
 * Grants deployment slots in order of the claims, if workers limit how many deployments run at once. Slots cannot leak:
 * whenever a deployment has to wait, and at intervals, it checks with Temporal whether all holders still run. Ends when
 * no deployment holds or wants a slot.
 */
export async function fleet(before: FleetState = { limit: 1, holders: [], waiting: [] }): Promise<void> {
  const state = admit(before, inputs.fleet, 'fleet');
  const informed = new Set<string>();
  let changes = 0;
  setHandler(fleetQuery, () => state);
  listen(claimSignal, shapes.claim, ({ workflowId, limit }) => {
    changes += 1;
    state.limit = limit;
    informed.delete(workflowId);
    if (![...state.holders, ...state.waiting].includes(workflowId)) state.waiting.push(workflowId);
  });
  listen(giveBackSignal, 'deployment', (workflowId) => {
    changes += 1;
    forget(state, workflowId);
  });

  await waitUntil(() => changes > 0 || state.holders.length > 0);
  for (let isDue = false; state.holders.length + state.waiting.length > 0;) {
    const seen = changes;
    if (isDue || (state.waiting.length > 0 && state.holders.length >= state.limit))
      await forEachGone([...state.holders, ...state.waiting], (workflowId) => forget(state, workflowId));
    while (state.waiting.length > 0 && state.holders.length < state.limit) state.holders.push(state.waiting.shift()!);
    for (const workflowId of [...state.holders, ...state.waiting]) await inform(workflowId, state, informed);
    isDue = !(await waitUntil(
      () => changes !== seen,
      state.waiting.length > 0 ? checkMs : idleCheckMs,
      'check whether slot holders still run',
    ));
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof fleet>(state);
  }
}

/** Informs a deployment once that it waits, and once that it may start; again after another claim. */
async function inform(workflowId: string, { limit, holders }: FleetState, informed: Set<string>): Promise<void> {
  const granted = holders.includes(workflowId);
  const notice = `${workflowId} ${granted ? 'granted' : 'waits'}`;
  if (informed.has(notice)) return;
  informed.add(notice);
  await serialised(getExternalWorkflowHandle(workflowId).signal(slotSignal, { granted, limit })).catch(() => undefined);
}

function forget(state: FleetState, workflowId: string): void {
  state.holders = state.holders.filter((each) => each !== workflowId);
  state.waiting = state.waiting.filter((each) => each !== workflowId);
}
