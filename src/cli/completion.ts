import type { Command } from 'commander';
import { BadRequest } from '../temporal/errors';

/** Completion of commands and options for a shell, made from the commands themselves. */
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
}

function describe(command: Command, path: string[] = []): Row[] {
  const words = [
    ...command.commands.map((sub) => ({ word: sub.name(), description: sub.description() })),
    ...command.options.filter(({ long }) => long).map(({ long, description }) => ({ word: long!, description })),
  ];
  return [{ path: path.join(' '), words }, ...command.commands.flatMap((sub) => describe(sub, [...path, sub.name()]))];
}

function bash(rows: Row[]): string {
  const cases = rows
    .map(({ path, words }) => `    "${path}") words="${words.map(({ word }) => word).join(' ')}" ;;`)
    .join('\n');
  return `# deploy-code completion
_deploy_code() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  while :; do
    case "$path" in
${cases}
    esac
    if [ -n "$words" ] || [ -z "$path" ]; then break; fi
    case "$path" in *" "*) path="\${path% *}" ;; *) path="" ;; esac
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  case "$current" in -*) ;; *) [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current")) ;; esac
}
complete -F _deploy_code deploy-code
`;
}

function fish(rows: Row[]): string {
  const lines = rows.flatMap(({ path, words }) =>
    words.map(({ word, description }) => {
      const condition = path ? `__fish_seen_subcommand_from ${path.split(' ').at(-1)}` : '__fish_use_subcommand';
      const argument = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c deploy-code -n '${condition}' ${argument} -d '${description.replaceAll("'", "\\'")}'`;
    }),
  );
  return `${lines.join('\n')}\n`;
}
