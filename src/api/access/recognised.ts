import { keepLatest } from '../../guard/bounded';
import type { Binding } from '../../model/access';
import type { AccessState } from '../../workflows/messages';
import type { Caller } from './caller';

const most = 5000;

/** Somebody whose token is valid until a time, in ms since the epoch. */
export interface Recognition {
  caller: Caller;
  until: number;
  /** False for the token of a person, whose session keeps its own time. */
  isApiToken: boolean;
}

/** Callers by the digests of their tokens, for as long as nothing changes that decides about them. */
export class Recognised {
  private readonly callers = new Map<string, Recognition>();
  private state?: AccessState;
  private declared?: readonly Binding[];

  find(digest: string, state: AccessState, declared: readonly Binding[], now: number): Recognition | undefined {
    if (state !== this.state || declared !== this.declared) return undefined;
    const found = this.callers.get(digest);
    return found && found.until > now ? found : undefined;
  }

  keep(digest: string, recognition: Recognition, state: AccessState, declared: readonly Binding[]): void {
    if (state !== this.state || declared !== this.declared) this.callers.clear();
    this.state = state;
    this.declared = declared;
    keepLatest(this.callers, digest, recognition, most);
  }
}
