/** A command that runs in an instance while its input and output pass through a workflow: limits and message kinds. */

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** A public key for X25519 as SPKI in DER, in base64; its beginning names the algorithm. */
export const sessionKeyPattern = /^MCowBQYDK2VuAyEA[A-Za-z0-9+/]{43}=$/;

/** What a client asks of a session. */
export interface SessionRequest {
  /** Public key of the client: messages are encrypted between client and worker, so that no history shows them. */
  key: string;
  /** Whether the command reads input. */
  input: boolean;
  /** Set: the command runs on a terminal of this size. */
  terminal?: TerminalSize;
}

/** How long a command may run, in ms. */
export const longestSessionMs = 3_600_000;
/** Bytes of input, and of output; a history holds both. */
export const largestStream = 8 * 1024 * 1024;
/** Bytes of one message. */
export const largestPiece = 64 * 1024;
/** The client reports this often that it is still there, in ms. */
export const aliveEveryMs = 20_000;
/** Without a report for this time, the client is gone and the command is ended; in ms. */
export const aliveWithinMs = 90_000;

/** Exit code of a command that its client interrupted, as in a shell. */
export const interrupted = 130;

/** Messages of one side. Temporal takes 10,000 signals per workflow; reports of the client are extra. */
const mostMessages = 4500;
const shortestPauseMs = 30;

/** First byte of a message. */
export const kinds = { alive: 0, input: 1, endOfInput: 2, size: 3, hangUp: 4, stdout: 5, stderr: 6 } as const;

/** Pause after a message, in ms: once half of the messages are used, the rest is spread over the time that is left. */
export function pauseAfter(sent: number, elapsedMs: number): number {
  const left = mostMessages - sent;
  if (left > mostMessages / 2) return shortestPauseMs;
  return Math.max(shortestPauseMs, (longestSessionMs - elapsedMs) / Math.max(left, 1));
}

/** Pause between two reads of the other side's messages, in ms: short while somebody types. */
export function readAgainIn(quietMs: number): number {
  if (quietMs < 3000) return 30;
  return quietMs < 60_000 ? 150 : 500;
}
