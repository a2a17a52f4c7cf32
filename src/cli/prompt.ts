import { createInterface } from 'node:readline/promises';
import { BadRequest } from '../temporal/errors';
import { rendered } from './output/terminal';

/** Asks a question at the terminal. @throws BadRequest without a terminal; the caller needs `--force` then */
export async function ask(warning: string, question: string): Promise<string> {
  if (!process.stdin.isTTY) throw new BadRequest(`${warning} Pass --force to confirm`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(rendered(question));
  terminal.close();
  return answer.trim();
}
