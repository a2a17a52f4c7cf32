import { second, tenSeconds } from '../clock';
import { ago, clock, duration, exact, moment } from '../text/format';

interface TimeProps {
  /** In ms since the epoch. */
  at: number;
}

function Time({ at, text }: TimeProps & { text: string }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)}>
      {text}
    </time>
  );
}

/** `3 hours ago`; the exact time is in the title, as it is for the others. */
export function Ago({ at }: TimeProps) {
  return <Time at={at} text={ago(at, tenSeconds.value)} />;
}

/** `18:00`, with the date if that is another day. */
export function Moment({ at }: TimeProps) {
  return <Time at={at} text={moment(at, tenSeconds.value)} />;
}

/** `18:00:05`. */
export function Clock({ at }: TimeProps) {
  return <Time at={at} text={clock(at)} />;
}

/** With the date, the seconds and the zone. */
export function Exact({ at }: TimeProps) {
  return <Time at={at} text={exact(at)} />;
}

/** How long something has run until now, or until it was over. */
export function Lasting({ from, to }: { from: number; to?: number }) {
  return <>{duration((to ?? Math.max(second.value, from)) - from)}</>;
}
