import type * as readline from 'node:readline/promises';
import { Writable } from 'node:stream';
import { BadRequest } from '../temporal/errors';
import { complainText, rendered } from './output/terminal';

/** Asks a question at the terminal. @throws BadRequest without a terminal; the caller needs `--force` then */
export async function ask(warning: string, question: string): Promise<string> {
  if (!process.stdin.isTTY) throw new BadRequest(`${warning} Pass --force to confirm`);
  const terminal = openTerminal({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(rendered(question));
  terminal.close();
  return answer.trim();
}

/** Asks for a line at the terminal. @throws BadRequest without a terminal */
export async function askLine(question: string, withoutTerminal: string): Promise<string> {
  if (!process.stdin.isTTY) throw new BadRequest(`standard input is not a terminal. ${withoutTerminal}`);
  const terminal = openTerminal({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(rendered(question))).trim();
  } finally {
    terminal.close();
  }
}

/** Asks for a secret at the terminal, without showing what is typed. @throws BadRequest without a terminal */
export async function askHidden(question: string, withoutTerminal: string): Promise<string> {
  if (!process.stdin.isTTY) throw new BadRequest(`standard input is not a terminal. ${withoutTerminal}`);
  complainText(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = openTerminal({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  try {
    return await new Promise((resolve, reject) => {
      terminal.once('close', () => reject(new BadRequest('no value was given; nothing was changed')));
      void terminal.question('').then(resolve, reject);
    });
  } finally {
    terminal.close();
    complainText('\n');
  }
}

/** Most commands never ask. */
function openTerminal(options: readline.ReadLineOptions): readline.Interface {
  return process.getBuiltinModule('node:readline/promises').createInterface(options);
}
