import type { Question } from '../../../workflows/messages';

/** The commands that answer a question; `place` names the environment in a command line. */
export function answerCommands(deployment: number | undefined, { answers }: Question, place: string): string[] {
  return answers.map((answer) => `  deploy-code answer ${deployment} "${answer}"${place}`);
}
