/** A problem of a stack file: where it is, what is wrong, and what to do. */
export interface Problem {
  /** Path of the key, such as `services.api.image`. */
  path: string;
  message: string;
  file?: string;
  line?: number;
  column?: number;
}

/** A {@link Problem} without its position in a file. */
export interface Finding {
  path: (string | number)[];
  message: string;
  /** The key that a misspelt one is probably meant to be. */
  meant?: string;
}

/** All problems of a stack file; the message has a line for each. `missing`: variables without a value. */
export class StackFileError extends Error {
  constructor(
    readonly problems: Problem[],
    readonly missing: string[] = [],
  ) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'StackFileError';
  }
}

/** `deploy-code.yaml:12:5 services.api.image: …` */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return [place, path && `${path}:`, message].filter(Boolean).join(' ');
}
