import type { Progress, Question } from '../../../workflows/messages';

/** The commands that answer a question; `place` names the environment in a command line. */
export function answerCommands(deployment: number | undefined, { answers }: Question, place: string): string[] {
  return answers.map((answer) => `  deploy-code answer ${deployment} "${answer}"${place}`);
}

/** What waits for an approval, and the commands that give it. */
export function approvalText({ deployment, approvals = [] }: Pick<Progress, 'deployment' | 'approvals'>, place: string): string[] {
  return approvals.flatMap(({ title, service }) => {
    const of = service !== undefined && approvals.length > 1 ? ` --service ${service}` : '';
    return [`waits: ${title}`, `  deploy-code approve ${deployment}${of}${place}`, `  deploy-code reject ${deployment}${of} --reason …${place}`];
  });
}
