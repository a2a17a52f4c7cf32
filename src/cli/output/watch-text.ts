import { isOn, orderText, type EnvironmentState, type WatchPause, type WatchState } from '../../workflows/messages';
import { counted, moment } from './words';

/** What the watch sees and does: nothing where all is well. */
export function watchText({ watch, watchPause }: Pick<EnvironmentState, 'watch' | 'watchPause'>): string[] {
  const paused = watchPause && isOn(watchPause, Date.now()) ? [pauseText(watchPause)] : [];
  if (!watch) return paused;
  const trouble = watch.trouble
    ? [`not watched until ${moment(new Date(watch.trouble.retryAt))}: ${watch.trouble.message}`]
    : [];
  return [
    ...paused,
    ...trouble,
    ...watch.ailing.map((each) => ailingText(each, watch)),
    ...watch.drift.map((each) => `drift: ${each}`),
  ];
}

export function pauseText(pause: WatchPause): string {
  return `the watch is paused ${orderText(pause, moment)}`;
}

function ailingText(
  { service, ordinal, instance, why, restartable }: WatchState['ailing'][number],
  { restarts, settings }: WatchState,
): string {
  const what = `${service}-${ordinal} ${why}`;
  const attempts = restarts[instance];
  if (settings?.onUnhealthy !== 'restart' || !restartable) return what;
  return attempts
    ? `${what}; restarted ${counted(attempts.count, 'time')}, again ${moment(new Date(attempts.nextAt))}`
    : what;
}
