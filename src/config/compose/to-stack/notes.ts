import type { Finding } from '../../problems';

type Path = (string | number)[];

/** What the conversion of one part of a project has to say. */
export interface Notes {
  /** The stack would not do what the file says. */
  refuse(path: Path, message: string): void;
  /** Compose ignores it too, or it makes no difference here. */
  ignore(path: Path, message: string): void;
}

/** Collects notes. */
export class Findings implements Notes {
  readonly refused: Finding[] = [];
  readonly ignored: Finding[] = [];

  refuse(path: Path, message: string): void {
    this.refused.push({ path, message });
  }

  ignore(path: Path, message: string): void {
    this.ignored.push({ path, message });
  }

  /** Notes with paths below this one. */
  below(...base: Path): Notes {
    return {
      refuse: (path, message) => this.refuse([...base, ...path], message),
      ignore: (path, message) => this.ignore([...base, ...path], message),
    };
  }
}
