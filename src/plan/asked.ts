import type { BreakerSettings, FreezeWindow } from '../model/stack';
import type { OpenWindow } from './freeze-windows';
import type { IntentKind } from '../model/deployment';

/** If another deployment runs or waits: queue behind it, supersede it, or give up. */
export type WhenBusy = 'queue' | 'supersede' | 'reject';

/** The terms of a request for a deployment. */
export interface Asked {
  by: string;
  reason?: string;
  intent: IntentKind;
  /** Time of the request, in ms since the epoch. */
  at: number;
  whenBusy: WhenBusy;
  /** Overrides a freeze and an open circuit breaker. */
  force: boolean;
  /** The request comes from a schedule or the watch, not from a person. */
  automatic: boolean;
  breaker: BreakerSettings;
  /** Freeze windows of the stack file. */
  windows?: FreezeWindow[];
  /** The window that was open at the last check. */
  window?: OpenWindow;
}
