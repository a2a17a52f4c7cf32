import { author, reason } from './act';
import { only, optional, type TypeOf } from './shape';

/** No deployment of the environment starts during a freeze. */
export const freeze = only({
  by: author,
  reason,
  at: 'number',
  /** In ms since the epoch; absent: until a thaw. */
  until: optional('number'),
  /** Refuse requests instead of queueing them. */
  refuse: 'flag',
});
export type Freeze = TypeOf<typeof freeze>;

/** Whether a freeze or a pause is in force. */
export function isOn({ until }: Pick<Freeze, 'until'>, now: number): boolean {
  return until === undefined || now < until;
}

/** `frozen until … by ana: holidays`; `write` formats the time for the reader. */
export function freezeText(order: Freeze, write: (time: Date) => string): string {
  return `frozen ${orderText(order, write)}`;
}

/** `until … by ana: holidays`. */
export function orderText(
  { by, reason, until }: Pick<Freeze, 'by' | 'reason' | 'until'>,
  write: (time: Date) => string,
): string {
  return `${until === undefined ? '' : `until ${write(new Date(until))} `}by ${by}${reason ? `: ${reason}` : ''}`;
}
