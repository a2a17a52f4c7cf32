/** `browser`: of a page, by cookie; `command-line`: of a program that refreshes it. */
export const sessionKinds = ['browser', 'command-line'] as const;
export type SessionKind = (typeof sessionKinds)[number];

/** The name of the command line at servers. It keeps no secret of its own (RFC 8252). */
export const commandLineClient = 'deploy-code-cli';

/** Lifetimes in ms. */
export const lifetimes = {
  /** A session ends without a refresh in this time; one of a browser, which is not refreshed, always. */
  idle: 12 * 3_600_000,
  /** The longest that a session can be refreshed. */
  session: 30 * 24 * 3_600_000,
  accessToken: 600_000,
  /** A server uses a key for this time. */
  key: 24 * 3_600_000,
  /** Clocks of servers may differ by this. */
  skew: 60_000,
} as const;

/** A session that is kept, as far as its end depends on it. */
interface Lasting {
  seenAt: number;
  until: number;
}

/** When a session ends, in ms since the epoch, unless it is refreshed. */
export function endOf({ seenAt, until }: Lasting): number {
  return Math.min(until, seenAt + lifetimes.idle);
}
