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

export function isOn({ until }: Freeze, now: number): boolean {
  return until === undefined || now < until;
}

/** `frozen until … by ana: holidays`; whoever reads it has a way of their own to write a time. */
export function freezeText({ by, reason, until }: Freeze, write: (time: Date) => string): string {
  return `frozen ${until === undefined ? '' : `until ${write(new Date(until))} `}by ${by}${reason ? `: ${reason}` : ''}`;
}
