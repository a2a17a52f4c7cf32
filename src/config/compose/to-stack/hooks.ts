import { hasMark } from '../../../model/text/marks';
import type { Data } from '../canonical/values';
import type { Part } from './part';
import { listOf } from './values';

/** Hooks of a service. */
export function toHooks({ service, notes }: Part): Data {
  if (service.pre_start !== undefined)
    notes.refuse(['pre_start'], 'has no counterpart; make it a service, and let this one depend on its completion');
  const hooks = Object.fromEntries(
    (['post_start', 'pre_stop'] as const).flatMap((key) => {
      const commands = listOf(service[key]).map((hook, index) => {
        const other = ['user', 'privileged', 'working_dir', 'environment'].find((each) => hook[each] !== undefined);
        if (other !== undefined) notes.refuse([key, index, other], 'is not supported: a hook runs as the service does');
        return (hook.command as string[] | undefined) ?? [];
      });
      return commands.length > 0 ? [[key, joined(commands)]] : [];
    }),
  );
  return Object.keys(hooks).length > 0 ? { hooks } : {};
}

/**
 * Several commands run one after another in a shell, as long as they succeed. Where a word has a credential in it, the
 * shell gets the words as its arguments: only the worker knows what would have to be quoted in them.
 */
function joined(commands: string[][]): string[] | string {
  if (commands.length === 1) return commands[0]!;
  if (!commands.flat().some(hasMark)) return commands.map((words) => words.map(quoted).join(' ')).join(' && ');
  let count = 0;
  const script = commands.map((words) => words.map(() => `"\${${(count += 1)}}"`).join(' ')).join(' && ');
  return ['/bin/sh', '-c', script, 'sh', ...commands.flat()];
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
