import { attempt } from '../../model/access';
import { recordAct } from '../support/installation';
import { userLimits, type AttemptAnswer, type Threat, type UsersState } from '../messages';
import { userOf } from './people';

/** Counts attempts to log in, for all servers together. */
export class LogIns {
  constructor(private readonly state: UsersState) {}

  /** The answer is the same whether there is such a user or not. */
  attempt(name: string): AttemptAnswer {
    const user = userOf(this.state, name);
    const before = user ? user.attempts : this.strangersAttempts(name);
    const { attempts, ...answer } = attempt(before, Date.now());
    if (user) user.attempts = attempts;
    else this.state.strangers = lastOf({ ...this.othersThan(name), [name]: attempts });
    return answer;
  }

  succeed(name: string): boolean {
    const user = userOf(this.state, name);
    if (!user || user.disabled) return false;
    delete user.attempts;
    user.loggedInAt = Date.now();
    return true;
  }

  async report({ kind, source }: Threat): Promise<undefined> {
    await recordAct(this.state, { by: 'server', from: source }, `security.threat_detected ${kind} from ${source}`);
  }

  private strangersAttempts(name: string) {
    return Object.hasOwn(this.state.strangers, name) ? this.state.strangers[name] : undefined;
  }

  private othersThan(name: string): UsersState['strangers'] {
    const { [name]: _own, ...others } = this.state.strangers;
    return others;
  }
}

/** As many as are kept, the latest of them. */
function lastOf(strangers: UsersState['strangers']): UsersState['strangers'] {
  const all = Object.entries(strangers);
  return all.length > userLimits.strangers ? Object.fromEntries(all.slice(-userLimits.strangers)) : strangers;
}
