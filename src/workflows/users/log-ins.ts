import { attempt, type Attempts } from '../../model/access';
import { recordAct } from '../support/installation';
import { userLimits, type AttemptAnswer, type LogIn, type StoredUser, type Threat, type UsersState } from '../messages';
import { userOf } from './people';

/** Counts attempts to log in, for all servers together. */
export class LogIns {
  constructor(private readonly state: UsersState) {}

  /**
   * The answer is the same whether there is such a user or not. Browsers in which the user has logged in count for
   * themselves: nobody else can keep the user out of them.
   */
  attempt({ name, device }: LogIn): AttemptAnswer {
    const user = userOf(this.state, name);
    const { attempts, ...answer } = attempt(this.attemptsBefore(user, { name, device }), Date.now());
    if (!user) this.state.strangers = latest(this.state.strangers, name, attempts, userLimits.strangers);
    else if (device === undefined) user.attempts = attempts;
    else user.devices = latest(user.devices ?? {}, device, attempts, userLimits.devices);
    return answer;
  }

  succeed({ name, device }: LogIn): boolean {
    const user = userOf(this.state, name);
    if (!user || user.disabled) return false;
    if (device === undefined) delete user.attempts;
    else user.devices = without(user.devices ?? {}, device);
    user.loggedInAt = Date.now();
    return true;
  }

  async report({ kind, source }: Threat): Promise<undefined> {
    await recordAct(this.state, { by: 'server', from: source }, `security.threat_detected ${kind} from ${source}`);
  }

  private attemptsBefore(user: StoredUser | undefined, { name, device }: LogIn): Attempts | undefined {
    if (!user) return ownOf(this.state.strangers, name);
    return device === undefined ? user.attempts : ownOf(user.devices ?? {}, device);
  }
}

type ByName = Record<string, Attempts>;

function ownOf(all: ByName, name: string): Attempts | undefined {
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

function without(all: ByName, name: string): ByName {
  const { [name]: _own, ...others } = all;
  return others;
}

/** With the attempts of a name as the last; as many as are kept, the latest of them. */
function latest(all: ByName, name: string, attempts: Attempts, most: number): ByName {
  const next = { ...without(all, name), [name]: attempts };
  const entries = Object.entries(next);
  return entries.length > most ? Object.fromEntries(entries.slice(-most)) : next;
}
