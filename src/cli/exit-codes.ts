import type { Outcome } from '../workflows/messages';

/** Exit codes of the process, documented in docs/cli.md. */
export const exitCodes = {
  done: 0,
  failed: 1,
  badInput: 2,
  rollbackIncomplete: 3,
  cancelled: 4,
  unreachable: 5,
} as const;

const byOutcome: Record<Outcome, number> = {
  succeeded: exitCodes.done,
  unchanged: exitCodes.done,
  refused: exitCodes.badInput,
  rolled_back: exitCodes.failed,
  left_as_is: exitCodes.failed,
  rollback_incomplete: exitCodes.rollbackIncomplete,
  cancelled: exitCodes.cancelled,
};

export function exitCodeOf(outcome: Outcome): number {
  return byOutcome[outcome];
}
