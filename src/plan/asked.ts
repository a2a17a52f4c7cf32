import type { BreakerSettings, FreezeWindow } from '../model/stack';
import type { OpenWindow } from './freeze-windows';
import type { IntentKind } from '../model/deployment';

/** Where another deployment runs or waits: wait for it, take its place, or give up. */
export type WhenBusy = 'queue' | 'supersede' | 'reject';

/** Who asks for a deployment, and on which terms. */
export interface Asked {
  by: string;
  reason?: string;
  intent: IntentKind;
  /** When, in ms since the epoch. */
  at: number;
  whenBusy: WhenBusy;
  /** Goes past a freeze and an open circuit breaker. */
  force: boolean;
  /** Nobody stands by: a schedule asks. */
  automatic: boolean;
  breaker: BreakerSettings;
  /** Freeze windows of the stack file. */
  windows?: FreezeWindow[];
  /** The one that was open when somebody looked last. */
  window?: OpenWindow;
}
