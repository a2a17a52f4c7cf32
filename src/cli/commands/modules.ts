import type { Command } from 'commander';
import { dependants, withDependencies } from '../../plan/graph';
import { assignPhases } from '../../plan/phases';
import { load, withValues, type StackOptions } from '../options';

import { serviceOf } from './session';
import { print, printJson, table } from '../output/terminal';

type ModuleOptions = StackOptions & { json?: boolean };

/** Adds the commands that show the services of a stack file, without a connection to the engine. */
export function addModules(program: Command): void {
  const modules = program.command('modules').description('the services of a stack file');

  withValues(modules.command('list').description('list all services with phase, kind and image'))
    .option('--json', 'print one JSON document')
    .action(async (options: ModuleOptions) => {
      const { stack } = await load(options);
      const { of } = assignPhases(stack.services);
      const services = Object.values(stack.services).map(({ name, kind, image, replicas, command }) => ({
        phase: of[name]!,
        name,
        kind,
        replicas,
        image: image ?? (command ?? []).join(' '),
      }));
      services.sort((a, b) => a.phase - b.phase || (a.name < b.name ? -1 : 1));
      if (options.json) printJson(services);
      else
        print(
          table([
            ['PHASE', 'NAME', 'KIND', 'REPLICAS', 'IMAGE'],
            ...services.map(({ phase, name, kind, replicas, image }) => [
              String(phase),
              name,
              kind,
              String(replicas),
              image,
            ]),
          ]),
        );
    });

  withValues(modules.command('describe').description('show one service with all defaults filled in'))
    .argument('<name>', 'service name')
    .action(async (name: string, options: ModuleOptions) => printJson((await find(options, name)).service));

  withValues(modules.command('deps').description('show the dependencies and dependants of a service'))
    .argument('<name>', 'service name')
    .option('--json', 'print one JSON document')
    .action(async (name: string, options: ModuleOptions) => {
      const { stack, service } = await find(options, name);
      const all = [...withDependencies(stack.services, [name])].filter((other) => other !== name);
      const needs = Object.entries(service.dependsOn).map(([dependency, condition]) => `${dependency} (${condition})`);
      const neededBy = dependants(stack.services, name);
      if (options.json) return printJson({ name, needs: service.dependsOn, neededBy, needsInAll: all });
      print([
        `${name} needs ${needs.join(', ') || 'nothing'}`,
        `needed by ${neededBy.join(', ') || 'nothing'}`,
        `all dependencies: ${all.join(', ') || 'nothing'}`,
      ]);
    });
}

async function find(options: ModuleOptions, name: string) {
  const { stack } = await load(options);
  return { stack, service: serviceOf(stack, name) };
}
