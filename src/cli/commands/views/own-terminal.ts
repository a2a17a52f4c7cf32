import type { TerminalSize } from '../../../model/session';

export interface OpenTerminal {
  /** Whether keys go to the command unchanged, Ctrl-C included. */
  takesInput: boolean;
  onResize: (size: TerminalSize) => void;
}

/** The terminal of this process, while a command in an instance uses it. */
export class OwnTerminal {
  private stopWatching: () => void = () => undefined;

  get size(): TerminalSize {
    return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
  }

  open({ takesInput, onResize }: OpenTerminal): void {
    const resized = () => onResize(this.size);
    process.stdout.on('resize', resized);
    if (takesInput) process.stdin.setRawMode(true);
    this.stopWatching = () => {
      process.stdout.off('resize', resized);
      if (takesInput) process.stdin.setRawMode(false);
    };
  }

  /** Gives the terminal back in its usual mode. */
  close(): void {
    this.stopWatching();
  }
}
