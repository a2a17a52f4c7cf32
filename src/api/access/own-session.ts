import type { Services } from '../route';

/** Ends a session of a subject; false, and nothing is ended, if it is of somebody else, or has ended. */
export async function endOwnSession(
  { client, access }: Pick<Services, 'client' | 'access'>,
  subject: string,
  id: string,
): Promise<boolean> {
  const found = await client.access.sessions.find(id);
  if (found?.subject !== subject) return false;
  await client.access.sessions.revoke(id);
  access.forget();
  return true;
}
