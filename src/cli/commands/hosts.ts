import type { Command } from 'commander';
import type { HostLine } from '../../client/hosts';
import { loadPlace, withConnection, withStack, type ConnectionOptions, type StackOptions } from '../options';
import { moment } from '../output/words';
import { withClient } from './session';
import { paint, print, printJson, table } from '../output/terminal';

const kinds: Record<HostLine['runtime'], string> = {
  docker: 'Docker',
  kubernetes: 'cluster',
  process: 'processes',
  memory: 'memory',
};

type HostsOptions = StackOptions & ConnectionOptions & { json?: boolean };

export function addHosts(program: Command): void {
  withConnection(
    withStack(
      program.command('hosts').description('list the hosts of the stack, with their workers and circuit breakers'),
    ),
  )
    .option('--json', 'print one JSON document')
    .action(async (options: HostsOptions) => {
      const hosts = await withClient(options, (client) => client.hosts(loadPlace(options).stack));
      if (options.json) return printJson(hosts);
      const [head, ...rows] = table([
        ['HOST', 'KIND', 'ZONE', 'ADDRESS', 'WORKERS', 'STATE'],
        ...hosts.map((host) => [
          host.name ?? "(the worker's default)",
          kinds[host.runtime],
          host.zone ?? '-',
          host.address ?? '-',
          String(host.workers),
          stateOf(host),
        ]),
      ]);
      print([
        paint.bold(head!),
        ...rows.map((row, index) => (hosts[index]!.workers === 0 || hosts[index]!.breaker ? paint.yellow(row) : row)),
      ]);
    });
}

function stateOf({ workers, breaker, taking }: HostLine): string {
  if (breaker?.openedAt !== undefined)
    return (
      'circuit breaker open, deployments do not wait for it before ' +
      `${moment(new Date(breaker.openedAt + breaker.recoveryMs))}: ${breaker.trouble}`
    );
  if (breaker) return `${breaker.failures} deployments in a row failed because of it: ${breaker.trouble}`;
  if (workers === 0) return 'no worker serves it';
  return taking.length > 0 ? taking.join(', ') : 'ready';
}
