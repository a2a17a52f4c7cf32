import type { WatchReport } from '../../activities/contract';
import type { Ailing, Findings } from '../../model/watch';
import type { Attempts, WatchState } from '../messages';

/** Decides what follows from the findings of the watch: pure functions of the state and the time. */

const firstPauseMs = 10_000;
const longestPauseMs = 300_000;
const firstRepairPauseMs = 60_000;
const longestRepairPauseMs = 3_600_000;
/** A healthy instance's restart count is reset this long after its last restart. */
const forgottenMs = 600_000;

/** The state for a new subject; a redeployment of the same release, such as a repair, keeps its counters. */
export function startOf(release: number, deployment: number, before?: WatchState): WatchState {
  const { restarts, repairs, restarted } =
    before?.release === release ? before : { restarts: {}, repairs: { count: 0, nextAt: 0 }, restarted: undefined };
  return { release, deployment, ailing: [], drift: [], restarts, repairs, ...(restarted && { restarted }) };
}

/** The state after a report; `host`: of one host of several. */
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
    since: sinceOf(findings, state.since, now),
    ...(byHost && { byHost }),
    settings,
    windowMs,
    subscribers,
    restarts,
    repairs,
    trouble: undefined,
  };
}

/** The status of an environment in Temporal's list. */
export function statusOf({ ailing, drift }: Findings): 'healthy' | 'degraded' | 'drifted' {
  if (ailing.length > 0) return 'degraded';
  return drift.length > 0 ? 'drifted' : 'healthy';
}

/** The findings, one sentence each. */
export function findingsText({ ailing, drift, since = {} }: WatchState): string[] {
  const at = (key: string) => (since[key] === undefined ? '' : ` (since ${new Date(since[key]).toISOString()})`);
  return [
    ...ailing.map(({ service, ordinal, instance, why }) => `${service}-${ordinal} ${why}${at(instance)}`),
    ...drift.map((text) => `drift: ${text}${at(text)}`),
  ];
}

function sinceOf({ ailing, drift }: Findings, before: WatchState['since'] = {}, now: number): Record<string, number> {
  const keys = [...ailing.map(({ instance }) => instance), ...drift];
  return Object.fromEntries(keys.map((key) => [key, Object.hasOwn(before, key) ? before[key]! : now]));
}

function foundOn(host: string, { ailing, drift }: Findings): Findings {
  return { ailing: ailing.map((each) => ({ ...each, host })), drift: drift.map((text) => `${text} (on ${host})`) };
}

function together(findings: Findings[]): Findings {
  return { ailing: findings.flatMap(({ ailing }) => ailing), drift: findings.flatMap(({ drift }) => drift) };
}

/** The findings of one host, as its watch reported them. */
export function knownOf({ ailing, drift, byHost = {} }: WatchState, host?: string): Findings {
  if (host === undefined) return { ailing, drift };
  const found = byHost[host] ?? { ailing: [], drift: [] };
  return { ailing: found.ailing, drift: found.drift.map((text) => text.replace(` (on ${host})`, '')) };
}

/**
 * Counts a restart by the engine; `before`: the restarts by the runtime until then, whose counter is lost with the
 * restart.
 */
export function countRestart(state: WatchState, instance: string, before: number | undefined): void {
  state.restarted = { ...state.restarted, [instance]: (state.restarted?.[instance] ?? 0) + 1 + (before ?? 0) };
}

/** Drops findings about a restarted instance. */
export function forget(state: WatchState, instance: string): void {
  for (const findings of [state, ...Object.values(state.byHost ?? {})])
    findings.ailing = findings.ailing.filter((each) => each.instance !== instance);
}

/** The instances that became unhealthy, and those that recovered. */
export function changesOfHealth(before: Findings, after: Findings): { ailing: Ailing[]; recovered: Ailing[] } {
  const missing = (from: Ailing[], others: Ailing[]) =>
    from.filter(({ instance }) => !others.some((other) => other.instance === instance));
  return { ailing: missing(after.ailing, before.ailing), recovered: missing(before.ailing, after.ailing) };
}

/** The instances due for a restart. */
export function dueRestarts(state: WatchState, now: number): Ailing[] {
  if (state.settings?.onUnhealthy !== 'restart') return [];
  return state.ailing.filter(
    ({ instance, restartable }) => restartable && now >= (state.restarts[instance]?.nextAt ?? 0),
  );
}

export function isRepairDue({ settings, drift, repairs }: WatchState, now: number): boolean {
  return settings?.onDrift === 'repair' && drift.length > 0 && now >= repairs.nextAt;
}

/** Whether an unhealthy instance still rolls the release back. */
export function isOnTrial({ windowMs = 0, sentBackUntil }: WatchState, committedAt: number, now: number): boolean {
  return sentBackUntil === undefined && now < committedAt + windowMs;
}

export function nextRestart(attempts: Attempts | undefined, now: number): Attempts {
  return nextAttempt(attempts, now, firstPauseMs, longestPauseMs);
}

export function nextRepair(attempts: Attempts, now: number): Attempts {
  return nextAttempt(attempts, now, firstRepairPauseMs, longestRepairPauseMs);
}

/** Time of the next restart, repair or retry, in ms since the epoch. */
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
