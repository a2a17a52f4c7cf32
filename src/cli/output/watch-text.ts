import { isOn, orderText, type EnvironmentState, type WatchPause, type WatchState } from '../../workflows/messages';
import { counted, moment } from './words';

/** Findings and actions of the watch; empty if there are none. */
export function watchText({ watch, watchPause }: Pick<EnvironmentState, 'watch' | 'watchPause'>): string[] {
  const paused = watchPause && isOn(watchPause, Date.now()) ? [pauseText(watchPause)] : [];
  if (!watch) return paused;
  const trouble = watch.trouble
    ? [`not watched until ${moment(new Date(watch.trouble.retryAt))}: ${watch.trouble.message}`]
    : [];
  return [
    ...paused,
    ...trouble,
    ...watch.ailing.map((each) => unhealthyText(each, watch)),
    ...watch.drift.map((each) => `drift: ${each}${sinceText(watch.since?.[each])}`),
  ];
}

function sinceText(since: number | undefined): string {
  return since === undefined ? '' : `, since ${moment(new Date(since))}`;
}

export function pauseText(pause: WatchPause): string {
  return `the watch is paused ${orderText(pause, moment)}`;
}

function unhealthyText(
  { service, ordinal, instance, why, restartable }: WatchState['ailing'][number],
  { restarts, settings, since }: WatchState,
): string {
  const finding = `${service}-${ordinal} ${why}${sinceText(since?.[instance])}`;
  const attempts = restarts[instance];
  if (settings?.onUnhealthy !== 'restart' || !restartable) return finding;
  return attempts
    ? `${finding}; restarted ${counted(attempts.count, 'time')}, again ${moment(new Date(attempts.nextAt))}`
    : finding;
}
