import type { HostAway } from '../../workflows/hosts';
import { exitCodes } from '../exit-codes';
import { complain, paint } from './terminal';

/** Names the hosts that did not answer, on standard error. The exit code tells programs that output is missing. */
export function sayAway(away: readonly HostAway[]): void {
  if (away.length === 0) return;
  process.exitCode = exitCodes.unreachable;
  for (const { host, reason } of away)
    complain(paint.yellow(`host ${host} is unavailable, and nothing on it is shown: ${reason}`));
}
