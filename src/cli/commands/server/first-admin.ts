import { setTimeout as sleep } from 'node:timers/promises';
import type { DirectClient } from '../../../client';
import { complain, say } from '../../output/terminal';
import { moment } from '../../output/words';

const retryMs = 5000;

/**
 * Prints the link of the first admin if nobody can come in yet. Waits for the engine: it may start after the server.
 * `isDeclared`: true if a file gives somebody a role.
 */
export async function inviteFirstAdmin(
  client: DirectClient,
  externalUrl: string,
  { isDeclared, signal }: { isDeclared: () => boolean; signal: AbortSignal },
): Promise<void> {
  for (;;) {
    try {
      if (isDeclared() || !(await client.access.isUnclaimed())) return;
      const { path, until } = await client.access.users.inviteFirstAdmin();
      say(`nobody has a role yet: become the first admin at ${externalUrl}${path} (until ${moment(until)})`);
      return;
    } catch (error) {
      if (!isPassing(error)) return complain(`there is no link for the first admin: ${(error as Error).message}`);
    }
    await sleep(retryMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof Error && error.name !== 'BadRequest';
}
