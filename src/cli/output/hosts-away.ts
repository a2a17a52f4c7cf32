import type { HostAway } from '../../workflows/hosts';
import { exitCodes } from '../exit-codes';
import { complain, paint } from './terminal';

/**
 * Says to standard error which hosts did not answer. What is shown without them is not all there is: the exit code says
 * so to programs.
 */
export function sayAway(away: readonly HostAway[]): void {
  if (away.length === 0) return;
  process.exitCode = exitCodes.unreachable;
  for (const { host, reason } of away)
    complain(paint.yellow(`the host ${host} is away, and nothing on it is shown: ${reason}`));
}
