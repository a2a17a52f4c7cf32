import { isSameDigest } from '../../guard/access/digest';
import { parseSessionToken } from '../../guard/access/session-token';
import type { StoredSession } from '../../workflows/messages';

/** The session whose token a browser has in its cookie; undefined if there is none, or it has ended. */
export async function browserSessionOf(
  cookie: string,
  find: (id: string) => Promise<StoredSession | undefined>,
): Promise<(StoredSession & { id: string }) | undefined> {
  const given = parseSessionToken('browser', cookie);
  if (!given) return undefined;
  const found = await find(given.id);
  if (found?.kind !== 'browser' || !isSameDigest(found.digest, given.digest)) return undefined;
  return { ...found, id: given.id };
}
