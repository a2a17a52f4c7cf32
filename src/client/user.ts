import { userInfo } from 'node:os';

/** Who asks, where nobody else is named: the user of this process. In a container its number may have no name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? `user ${process.getuid?.()}`;
  }
}
