import { userInfo } from 'node:os';

/** Who asks, where nobody else is named: the user of this process. */
export function userName(): string {
  return userInfo().username;
}
