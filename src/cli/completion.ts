import type { Argument, Command } from 'commander';
import { BadRequest } from '../temporal/errors';

/** What only the stack file or the engine knows: `complete` prints these. */
export const listed = ['services', 'deployments', 'secrets'] as const;
export type Listed = (typeof listed)[number];

/** Completion of commands, options and names for a shell, made from the commands themselves. */
export function completionScript(program: Command, shell: string): string {
  const rows = describe(program);
  switch (shell) {
    case 'bash':
      return bash(rows);
    case 'zsh':
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(rows)}`;
    case 'fish':
      return fish(rows);
    default:
      throw new BadRequest(`no completion for "${shell}"; choose bash, zsh or fish`);
  }
}

interface Row {
  /** Empty for the program itself; `volume ls` for a nested command. */
  path: string;
  words: { word: string; description: string }[];
  /** What its arguments name. */
  lists: Listed[];
}

function describe(command: Command, path: string[] = []): Row[] {
  const commands = command.commands.filter((sub) => sub.name() !== 'complete');
  const words = [
    ...commands.map((sub) => ({ word: sub.name(), description: sub.description() })),
    ...command.options
      .filter(({ long, hidden }) => long && !hidden)
      .map(({ long, description }) => ({ word: long!, description })),
  ];
  const lists = listed.filter((kind) => command.registeredArguments.some((argument) => names(argument, kind)));
  return [{ path: path.join(' '), words, lists }, ...commands.flatMap((sub) => describe(sub, [...path, sub.name()]))];
}

function names(argument: Argument, kind: Listed): boolean {
  const patterns = { services: /service|instance|job/, deployments: /deployment/, secrets: /secret/ };
  return patterns[kind].test(argument.name());
}

function bash(rows: Row[]): string {
  const cases = rows
    .map(({ path, words, lists }) => {
      const word = words.map((each) => each.word).join(' ');
      return `    "${path}") words="${word}" lists="${lists.join(' ')}" ;;`;
    })
    .join('\n');
  return `# deploy-code completion
_deploy_code() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local path="" words="" lists="" word last="" place=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$last" in -c|--config|--file|-e|--env) place+=("$last" "$word") ;; esac
    case "$path $last" in logs*) ;; *" -f") place+=("$last" "$word") ;; esac
    last="$word"
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  while :; do
    case "$path" in
${cases}
    esac
    if [ -n "$words" ] || [ -z "$path" ]; then break; fi
    case "$path" in *" "*) path="\${path% *}" ;; *) path="" ;; esac
  done
  case "$before" in
    -c|--config|--file) words="" lists="" ;;
    -f) case "$path" in logs*) ;; *) words="" lists="" ;; esac ;;
    --services) words="" lists="services" ;;
  esac
  case "$current" in -*) lists="" ;; esac
  if [ -n "$lists" ]; then words="$("\${COMP_WORDS[0]}" complete $lists "\${place[@]}" 2>/dev/null)"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  case "$current" in -*) ;; *) [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current")) ;; esac
}
complete -F _deploy_code deploy-code
`;
}

const fishPlace = `function __deploy_code_place
  set -l last
  for word in (commandline -opc)
    contains -- "$last" -c --config --file -e --env; and printf '%s\\n' $last $word
    test "$last" = -f; and not contains logs (commandline -opc); and printf '%s\\n' $last $word
    set last $word
  end
end
`;

function fish(rows: Row[]): string {
  const lines = rows.flatMap(({ path, words, lists }) => {
    const condition = path ? `__fish_seen_subcommand_from ${path.split(' ').at(-1)}` : '__fish_use_subcommand';
    const fixed = words.map(({ word, description }) => {
      const argument = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c deploy-code -n '${condition}' ${argument} -d '${description.replaceAll("'", "\\'")}'`;
    });
    const asked = `(deploy-code complete ${lists.join(' ')} (__deploy_code_place) 2>/dev/null)`;
    return lists.length > 0 ? [...fixed, `complete -c deploy-code -n '${condition}' -a '${asked}'`] : fixed;
  });
  return `${fishPlace}${lines.join('\n')}\n`;
}
