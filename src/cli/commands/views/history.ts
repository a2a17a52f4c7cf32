import type { Command } from 'commander';
import type { HistoryEntry } from '../../../client/history';
import { placeOf } from '../../../client/place';
import type { DeploymentResult } from '../../../workflows/messages';
import {
  loadPlace,
  positive,
  withConnection,
  withStack,
  type ConnectionOptions,
  type StackOptions,
} from '../../options';
import { print, printJson, table } from '../../output/terminal';
import { ago, seconds, shorten } from '../../output/words';
import { withClient } from '../session';

interface HistoryOptions extends StackOptions, ConnectionOptions {
  json?: boolean;
  limit: number;
}

/** Adds `history`. */
export function addHistory(program: Command): void {
  withConnection(
    withStack(program.command('history').description('list the deployments of the environment, newest first')),
  )
    .option('--limit <n>', 'number of deployments', positive, 20)
    .option('--json', 'print one JSON document')
    .action(showHistory);
}

async function showHistory(options: HistoryOptions): Promise<void> {
  const entries = await withClient(options, (client) =>
    client.history(placeOf(loadPlace(options).stack), options.limit),
  );
  if (options.json) return printJson(entries);
  print(table([['NUMBER', 'STATUS', 'RELEASE', 'WHEN', 'TOOK', 'BY', 'WHAT'], ...entries.map(historyRow)]));
}

function historyRow({ deployment, status, release, startedAt, result, asked }: HistoryEntry): string[] {
  return [
    String(deployment ?? '-'),
    status,
    String(release ?? '-'),
    ago(startedAt),
    result ? seconds(result.durationMs) : '-',
    result?.requestedBy ?? asked?.by ?? '-',
    result ? summaryOf(result) : [asked?.intent, asked?.reason].filter(Boolean).join(': '),
  ];
}

function summaryOf({ intent, reason, cause, changed }: DeploymentResult): string {
  return [intent, reason, cause?.message ?? (shorten(changed, 5) || 'nothing')].filter(Boolean).join(': ');
}
