import type { TerminalSize } from '../model/session';

export interface OpenCommandOptions {
  /** Whether the command gets input; otherwise its input is empty. */
  input: boolean;
  /** Set: the command runs on a terminal of this size, and all its output is stdout. */
  terminal?: TerminalSize;
  onOutput: (stream: 'stdout' | 'stderr', bytes: Buffer) => void;
}

/** A command that runs, and takes input meanwhile. */
export interface OpenCommand {
  /** Resolves with the exit code when the command has ended and its output was passed on. */
  ended: Promise<number>;
  /** Does nothing after the end of the command. */
  write(bytes: Buffer): void;
  /** @throws RuntimeError if the platform cannot pass on the end of input */
  endInput(): void;
  resize(size: TerminalSize): Promise<void>;
  /** Ends the command with its child processes, as far as the platform can. */
  kill(): Promise<void>;
}
