/** One thing wrong with a stack file: where, what, and what to do. */
export interface Problem {
  /** Path of the key, such as `services.api.image`. */
  path: string;
  message: string;
  file?: string;
  line?: number;
  column?: number;
}

/** Before it is known where in which file a key stands. */
export interface Finding {
  path: (string | number)[];
  message: string;
}

/** Every problem of a stack file at once. */
export class StackFileError extends Error {
  constructor(readonly problems: Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'StackFileError';
  }
}

/** `deploy-code.yaml:12:5 services.api.image: …` */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return [place, path && `${path}:`, message].filter(Boolean).join(' ');
}
