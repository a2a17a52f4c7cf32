/** Nothing begins until it is over. */
export interface Freeze {
  by: string;
  reason?: string;
  at: number;
  /** In ms since the epoch; absent: until somebody thaws. */
  until?: number;
  /** Turns requests away instead of letting them wait. */
  refuse: boolean;
}

/** Of whatever somebody has ordered for a while. */
export function isOn({ until }: Pick<Freeze, 'until'>, now: number): boolean {
  return until === undefined || now < until;
}

/** `frozen until … by ana: holidays`; whoever reads it has a way of their own to write a time. */
export function freezeText(freeze: Freeze, write: (time: Date) => string): string {
  return `frozen ${orderText(freeze, write)}`;
}

/** `until … by ana: holidays`. */
export function orderText(
  { by, reason, until }: Pick<Freeze, 'by' | 'reason' | 'until'>,
  write: (time: Date) => string,
): string {
  return `${until === undefined ? '' : `until ${write(new Date(until))} `}by ${by}${reason ? `: ${reason}` : ''}`;
}
