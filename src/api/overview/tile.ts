import type { EnvironmentMark } from '../../client/reader/marks';
import type { ReleaseSummary } from '../../client/history/releases';
import { requestOf } from '../../client/place';
import { isFailure, type IntentKind } from '../../model/deployment';
import { isOn, type EnvironmentState, type Freeze, type Place } from '../../workflows/messages';

/** From bad to good; `unreadable`: it cannot be read now; `unwatched`: the watch does not run. */
export const healths = ['degraded', 'drifted', 'unreadable', 'unwatched', 'healthy', 'stopped', 'empty'] as const;

/** The state of an environment at a glance. Times are in ms since the epoch. */
export interface Tile {
  place: Place;
  runtime?: string;
  health: (typeof healths)[number];
  /** Why it is degraded or drifted: the first three. */
  findings: { text: string; since?: number }[];
  findingCount: number;
  release?: { number: number; deployment: number; at?: number; by?: string; reason?: string };
  running?: {
    id: string;
    deployment: number;
    intent?: IntentKind;
    by?: string;
    reason?: string;
    since?: number;
    /** For a person. */
    waits: boolean;
  };
  /** Deployments that wait for their turn. */
  queued: number;
  /** The last deployment, if it failed. */
  failed?: { deployment: number; outcome: string };
  freeze?: Freeze;
  /** If it is open. */
  breaker?: { failures: number; openedAt: number };
  /** Until then, the watch rolls back to the previous release in case of trouble. */
  trialUntil?: number;
  /** Null: until somebody resumes it. */
  watchPausedUntil?: number | null;
}

/** Who has deployed a release, and why. */
export type TileRelease = Pick<ReleaseSummary, 'requestedBy' | 'reason'>;

const mostFindings = 3;

/** The tile of an environment. `release`: its current one, if it has been read. */
export function tileOf(
  mark: EnvironmentMark,
  state: EnvironmentState | undefined,
  release: TileRelease | undefined,
  now: number,
): Tile {
  if (!state) return { place: mark.place, health: 'empty', findings: [], findingCount: 0, queued: 0 };
  const findings = findingsOf(state);
  const trialUntil = trialEnd(state);
  const { freeze: frozen, watchPause: pause } = state;
  return {
    place: mark.place,
    runtime: state.runtime,
    health: healthOf(state, now),
    findings: findings.slice(0, mostFindings),
    findingCount: findings.length,
    ...releaseOf(state, release),
    ...runningOf(state, mark),
    queued: state.queue.length,
    ...failedOf(state),
    ...(frozen && isOn(frozen, now) && { freeze: frozen }),
    ...openBreaker(state),
    ...(trialUntil !== undefined && trialUntil > now && { trialUntil }),
    ...(pause && isOn(pause, now) && { watchPausedUntil: pause.until ?? null }),
  };
}

/** The tile of an environment that cannot be read. */
export function unreadableTile({ place }: EnvironmentMark, { message }: Error): Tile {
  return { place, health: 'unreadable', findings: [{ text: message }], findingCount: 1, queued: 0 };
}

/** The time at which a tile becomes outdated because a freeze, a pause or a trial ends. */
export function endOf({ freeze, watchPausedUntil, trialUntil }: Tile, now: number): number {
  const ends = [freeze?.until, watchPausedUntil, trialUntil].filter((end) => typeof end === 'number' && end > now);
  return Math.min(...(ends as number[]));
}

function healthOf({ current, watch, watchPause }: EnvironmentState, now: number): Tile['health'] {
  if (!current) return 'empty';
  if (current.release === undefined) return 'stopped';
  const isPaused = watchPause !== undefined && isOn(watchPause, now);
  if (!watch || watch.off || watch.trouble || isPaused) return 'unwatched';
  if (watch.ailing.length > 0) return 'degraded';
  return watch.drift.length > 0 ? 'drifted' : 'healthy';
}

function findingsOf({ watch }: EnvironmentState): Tile['findings'] {
  if (!watch) return [];
  const { ailing, drift, since = {}, trouble } = watch;
  const withSince = (text: string, key: string) => ({ text, ...(since[key] !== undefined && { since: since[key] }) });
  return [
    ...ailing.map(({ service, ordinal, instance, why }) => withSince(`${service}-${ordinal} ${why}`, instance)),
    ...drift.map((text) => withSince(text, text)),
    ...(trouble ? [{ text: trouble.message }] : []),
  ];
}

function releaseOf({ current }: EnvironmentState, release: TileRelease | undefined): Pick<Tile, 'release'> {
  if (current?.release === undefined) return {};
  const { release: number, deployment, at } = current;
  return {
    release: {
      number,
      deployment,
      ...(at !== undefined && { at }),
      ...(release && { by: release.requestedBy }),
      ...(release?.reason !== undefined && { reason: release.reason }),
    },
  };
}

function runningOf({ running: now }: EnvironmentState, { deployments }: EnvironmentMark): Pick<Tile, 'running'> {
  if (!now) return {};
  const { workflowId, deployment, asked } = now;
  const mark = deployments.find((each) => each.workflowId === workflowId);
  return {
    running: {
      id: requestOf(workflowId),
      deployment,
      ...(asked && { intent: asked.intent, by: asked.by }),
      ...(asked?.reason !== undefined && { reason: asked.reason }),
      ...(mark && { since: mark.startedAt.getTime() }),
      waits: mark?.status === 'waiting',
    },
  };
}

function failedOf({ recent }: EnvironmentState): Pick<Tile, 'failed'> {
  const last = recent.at(-1);
  if (!last || !isFailure(last.outcome)) return {};
  return { failed: { deployment: last.deployment, outcome: last.outcome } };
}

function openBreaker({ breaker }: EnvironmentState): Pick<Tile, 'breaker'> {
  if (breaker?.openedAt === undefined) return {};
  return { breaker: { failures: breaker.failures, openedAt: breaker.openedAt } };
}

/** The end of the watch window, in which the watch may roll back; undefined if there is none. */
function trialEnd({ current, watch }: EnvironmentState): number | undefined {
  if (current?.at === undefined || !watch?.windowMs || watch.sentBackUntil !== undefined) return undefined;
  return current.at + watch.windowMs;
}
