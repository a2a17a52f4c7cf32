import { continueAsNew, getExternalWorkflowHandle, setHandler, workflowInfo } from '@temporalio/workflow';
import { forEachGone } from './support/gone';
import { admit } from './support/admit';
import { listen } from './support/listen';
import { claimSignal, fleetQuery, giveBackSignal, slotSignal, type FleetState } from './messages';
import { inputs, shapes } from './messages/shapes';
import { serialised, waitUntil } from './support/serialised-events';

const checkMs = 60_000;
const seldomMs = 3_600_000;

/**
 * Who may deploy, in the order of asking, where the workers take only so many deployments at once. No slot can leak:
 * whenever somebody has to wait, and now and then, Temporal is asked whether those that have one still run. Ends when
 * nobody has or wants one.
 */
export async function fleet(before: FleetState = { limit: 1, holders: [], waiting: [] }): Promise<void> {
  const state = admit(before, inputs.fleet, 'fleet');
  const told = new Set<string>();
  let changes = 0;
  setHandler(fleetQuery, () => state);
  listen(claimSignal, shapes.claim, ({ workflowId, limit }) => {
    changes += 1;
    state.limit = limit;
    told.delete(workflowId);
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
    for (const workflowId of [...state.holders, ...state.waiting]) await tell(workflowId, state, told);
    isDue = !(await waitUntil(
      () => changes !== seen,
      state.waiting.length > 0 ? checkMs : seldomMs,
      'look whether those that have a slot still run',
    ));
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof fleet>(state);
  }
}

/** Each is told once that it waits, and once that it may begin; again when it asks again. */
async function tell(workflowId: string, { limit, holders }: FleetState, told: Set<string>): Promise<void> {
  const granted = holders.includes(workflowId);
  const word = `${workflowId} ${granted ? 'granted' : 'waits'}`;
  if (told.has(word)) return;
  told.add(word);
  await serialised(getExternalWorkflowHandle(workflowId).signal(slotSignal, { granted, limit })).catch(() => undefined);
}

function forget(state: FleetState, workflowId: string): void {
  state.holders = state.holders.filter((each) => each !== workflowId);
  state.waiting = state.waiting.filter((each) => each !== workflowId);
}
