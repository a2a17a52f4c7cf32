import type { DeploymentHandle } from '../../client';
import { isOver } from '../../client/deployment-handle';
import type { Progress } from '../../workflows/messages';
import type { Read } from './source';

type LiveState = Omit<Progress, 'events' | 'plan' | 'status'> & {
  /** `lost`: it was terminated in Temporal, or timed out there. */
  status: Progress['status'] | 'lost';
};

/** Somebody waits for each event. */
const longestPollMs = 150;

/** Events, with their numbers in the deployment, the same at every server; and what it waits for now. */
export function readDeployment(handle: DeploymentHandle): Read {
  return async (publisher, signal) => {
    let last: Progress | undefined;
    let number = 0;
    for await (const page of handle.watch(signal, undefined, longestPollMs)) {
      for (const event of page.events) publisher.append({ name: 'event', id: String((number += 1)), data: event });
      if (page.plan) publisher.present('plan', page.plan);
      publisher.present('state', stateOf(page));
      last = page;
    }
    if (!last || signal.aborted) return;
    const end = isOver(last) ? stateOf(last) : { ...stateOf(last), status: 'lost' as const };
    publisher.present('state', end);
    publisher.end(end);
  };
}

function stateOf({ events: _events, plan: _plan, ...state }: Progress): LiveState {
  return state;
}
