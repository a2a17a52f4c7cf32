import { second, tenSeconds } from '../clock';
import { ago, duration, exact, moment } from '../text/format';

/** A time in the past, as long ago; its exact moment is in the title. */
export function Ago({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)}>
      {ago(at, tenSeconds.value)}
    </time>
  );
}

export function Moment({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)}>
      {moment(at, tenSeconds.value)}
    </time>
  );
}

/** How long something has run until now, or until it was over. */
export function Lasting({ from, to }: { from: number; to?: number }) {
  return <>{duration((to ?? Math.max(second.value, from)) - from)}</>;
}
