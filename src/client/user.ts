import { userInfo } from 'node:os';
import { longestAuthor, oneLine } from '../model/text';

/** The user of this process, the default author of requests. In a container, the user ID may have no name. */
export function userName(): string {
  try {
    return oneLine(userInfo().username, longestAuthor);
  } catch {
    return oneLine(process.env.USER ?? `user ${process.getuid?.()}`, longestAuthor);
  }
}
