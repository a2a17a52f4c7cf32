import type { Command } from 'commander';
import type { AuditRecord } from '../../model/audit';
import { loadPlace, positive, withConnection, withStack, type ConnectionOptions, type StackOptions } from '../options';
import { counted, moment } from '../output/words';
import { withClient } from './session';
import { print, printJson, say, table } from '../output/terminal';

interface AuditOptions extends StackOptions, ConnectionOptions {
  last: number;
  installation?: boolean;
  json?: boolean;
}

export function addAudit(program: Command): void {
  withConnection(
    withStack(
      program
        .command('audit')
        .description(
          'show who requested what, with the results; verify that no record was changed or removed (exit 1 ' +
            'if one was)',
        ),
    ),
  )
    .option('--last <n>', 'number of records to show; all records are verified', positive, 50)
    .option(
      '--installation',
      'show the trail of the installation, with the logins at registries, instead of that of an environment',
    )
    .option('--json', 'print one JSON document')
    .action(showAudit);
}

async function showAudit(options: AuditOptions): Promise<void> {
  const trail = await withClient(options, (client) =>
    options.installation ? client.registries.audit(options.last) : client.audit(loadPlace(options).stack, options.last),
  );
  if (trail.broken !== undefined) process.exitCode = 1;
  if (options.json) return printJson(trail);
  if (trail.records.length > 0) print(table([['NO', 'AT', 'BY', 'WHAT', 'RESULT', 'WHY'], ...trail.records.map(row)]));
  say(
    trail.broken === undefined
      ? `${counted(trail.total, 'record')}; the hash chain is intact`
      : `BROKEN: ${trail.broken}`,
  );
  for (const sentence of trail.proof ?? []) say(`  ${sentence}`);
}

function row({ sequence, at, by, from, what, result, why, deployment }: AuditRecord): string[] {
  return [
    String(sequence),
    moment(new Date(at)),
    from === undefined ? by : `${by}@${from}`,
    deployment === undefined ? what : `${what} (${deployment})`,
    result,
    why ?? '',
  ];
}
