import { userInfo } from 'node:os';
import { longestAuthor, oneLine } from '../model/text';

/** Who asks, where nobody else is named: the user of this process. In a container its number may have no name. */
export function userName(): string {
  try {
    return oneLine(userInfo().username, longestAuthor);
  } catch {
    return oneLine(process.env.USER ?? `user ${process.getuid?.()}`, longestAuthor);
  }
}
