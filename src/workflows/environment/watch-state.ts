import type { WatchReport } from '../../activities/contract';
import type { Ailing, Findings } from '../../model/watch';
import type { Attempts, WatchState } from '../messages';

/** What follows from what the watch finds: pure functions of what is known and of the time. */

const firstPauseMs = 10_000;
const longestPauseMs = 300_000;
const firstRepairPauseMs = 60_000;
const longestRepairPauseMs = 3_600_000;
/** So long after its last restart an instance that is well begins anew. */
const forgottenMs = 600_000;

/** The same release brought about again, by a repair say, does not begin anew. */
export function startOf(release: number, deployment: number, before?: WatchState): WatchState {
  const { restarts, repairs, restarted } =
    before?.release === release ? before : { restarts: {}, repairs: { count: 0, nextAt: 0 }, restarted: undefined };
  return { release, deployment, ailing: [], drift: [], restarts, repairs, ...(restarted && { restarted }) };
}

/** What is known once a report has come in, of one host of several. */
export function withReport(
  state: WatchState,
  { findings: reported, settings, windowMs, subscribers }: WatchReport,
  now: number,
  host?: string,
): WatchState {
  if (!settings) return { ...state, ailing: [], drift: [], off: true };
  const byHost = host === undefined ? undefined : { ...state.byHost, [host]: foundOn(host, reported) };
  const findings = byHost ? together(Object.values(byHost)) : reported;
  const ailing = new Set(findings.ailing.map(({ instance }) => instance));
  const restarts = Object.fromEntries(
    Object.entries(state.restarts).filter(
      ([instance, { nextAt }]) => ailing.has(instance) || now < nextAt + forgottenMs,
    ),
  );
  const repairs =
    findings.drift.length === 0 && now > state.repairs.nextAt + forgottenMs ? { count: 0, nextAt: 0 } : state.repairs;
  return {
    ...state,
    ...findings,
    ...(byHost && { byHost }),
    settings,
    windowMs,
    subscribers,
    restarts,
    repairs,
    trouble: undefined,
  };
}

function foundOn(host: string, { ailing, drift }: Findings): Findings {
  return { ailing: ailing.map((each) => ({ ...each, host })), drift: drift.map((text) => `${text} (on ${host})`) };
}

function together(findings: Findings[]): Findings {
  return { ailing: findings.flatMap(({ ailing }) => ailing), drift: findings.flatMap(({ drift }) => drift) };
}

/** What was found on a host, as its watch said it. */
export function knownOf({ ailing, drift, byHost = {} }: WatchState, host?: string): Findings {
  if (host === undefined) return { ailing, drift };
  const found = byHost[host] ?? { ailing: [], drift: [] };
  return { ailing: found.ailing, drift: found.drift.map((text) => text.replace(` (on ${host})`, '')) };
}

/**
 * Counts a restart by the engine; `before`: how often the runtime had restarted the instance, and does not know any
 * more.
 */
export function countRestart(state: WatchState, instance: string, before: number | undefined): void {
  state.restarted = { ...state.restarted, [instance]: (state.restarted?.[instance] ?? 0) + 1 + (before ?? 0) };
}

/** Of an instance that was started again nothing is known. */
export function forget(state: WatchState, instance: string): void {
  for (const findings of [state, ...Object.values(state.byHost ?? {})])
    findings.ailing = findings.ailing.filter((each) => each.instance !== instance);
}

/** Who has got worse, and who is well again. */
export function changesOfHealth(before: Findings, after: Findings): { ailing: Ailing[]; recovered: Ailing[] } {
  const missing = (from: Ailing[], others: Ailing[]) =>
    from.filter(({ instance }) => !others.some((other) => other.instance === instance));
  return { ailing: missing(after.ailing, before.ailing), recovered: missing(before.ailing, after.ailing) };
}

/** The instances that are to be restarted now. */
export function dueRestarts(state: WatchState, now: number): Ailing[] {
  if (state.settings?.onUnhealthy !== 'restart') return [];
  return state.ailing.filter(
    ({ instance, restartable }) => restartable && now >= (state.restarts[instance]?.nextAt ?? 0),
  );
}

export function isRepairDue({ settings, drift, repairs }: WatchState, now: number): boolean {
  return settings?.onDrift === 'repair' && drift.length > 0 && now >= repairs.nextAt;
}

/** While a release is on trial, what is not well sends it back. */
export function isOnTrial({ windowMs = 0, sentBackUntil }: WatchState, committedAt: number, now: number): boolean {
  return sentBackUntil === undefined && now < committedAt + windowMs;
}

export function nextRestart(attempts: Attempts | undefined, now: number): Attempts {
  return nextAttempt(attempts, now, firstPauseMs, longestPauseMs);
}

export function nextRepair(attempts: Attempts, now: number): Attempts {
  return nextAttempt(attempts, now, firstRepairPauseMs, longestRepairPauseMs);
}

/** When something is due that no report announces, in ms since the epoch. */
export function nextMoment(state: WatchState): number {
  const restarts =
    state.settings?.onUnhealthy === 'restart'
      ? state.ailing
          .filter(({ restartable }) => restartable)
          .map(({ instance }) => state.restarts[instance]?.nextAt ?? 0)
      : [];
  const repairs = state.settings?.onDrift === 'repair' && state.drift.length > 0 ? [state.repairs.nextAt] : [];
  return Math.max(
    state.sentBackUntil ?? 0,
    Math.min(...restarts, ...repairs, state.trouble?.retryAt ?? Infinity, Infinity),
  );
}

function nextAttempt(attempts: Attempts | undefined, now: number, firstMs: number, longestMs: number): Attempts {
  const count = (attempts?.count ?? 0) + 1;
  return { count, nextAt: now + Math.min(firstMs * 2 ** (count - 1), longestMs) };
}
