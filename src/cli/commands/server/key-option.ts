import type { Command } from 'commander';
import { withConnection, type ConnectionOptions } from '../../options';

export interface KeyOptions extends ConnectionOptions {
  statementKey?: string;
}

/** Workers with keys of servers change roles, tokens, sessions and users only for one of those. */
export function withKey(command: Command): Command {
  return withConnection(command).option(
    '--statement-key <file>',
    'private key of the server, if workers have --statement-keys (default: DEPLOY_CODE_STATEMENT_KEY)',
  );
}
