import { delaysOf, type Delay, type Progress, type Question } from '../../workflows/messages';
import { causeText } from './result-text';
import { moment } from './words';

/** The commands that answer a question; `place` names the environment in a command line. */
export function answerCommands(deployment: number | undefined, { answers }: Question, place: string): string[] {
  return answers.map((answer) => `  deploy-code answer ${deployment} "${answer}"${place}`);
}

/** Why a deployment waits instead of rolling back, and the commands that end it. */
export function failureText(
  { deployment, failure }: Pick<Progress, 'deployment' | 'failure'>,
  place: string,
): string[] {
  if (!failure) return [];
  const { cause, until } = failure;
  return [
    `failed${cause.service === undefined ? '' : `: ${cause.service}`}`,
    ...causeText(cause),
    `waits until ${moment(new Date(until))}, then rolls back`,
    `  deploy-code amend ${deployment} ` +
      `${cause.service ?? 'SERVICE'}${place}   (continues with the service as it is in the stack file now)`,
    `  deploy-code retry ${deployment}${place}`,
    `  deploy-code abort ${deployment}${place}   (rolls back now)`,
  ];
}

/** Why a deployment has failed or was cancelled, and the jobs that it waits for. */
function failingText({ deployment, failing }: Pick<Progress, 'deployment' | 'failing'>, place: string): string[] {
  if (!failing) return [];
  const { cause, jobs } = failing;
  const [why] = cause.message.split('\n');
  return [
    cause.step === 'cancel' ? why! : `failed: ${why}`,
    `waits until ${jobs.join(', ')} has finished: jobs are not interrupted`,
    `  deploy-code cancel ${deployment} --kill-jobs${place}   (ends it now)`,
  ];
}

/** The steps that wait for an approval, and the commands that approve or reject them. */
export function approvalText(
  { deployment, approvals = [] }: Pick<Progress, 'deployment' | 'approvals'>,
  place: string,
): string[] {
  return approvals.flatMap(({ title, service }) => {
    const of = service !== undefined && approvals.length > 1 ? ` --service ${service}` : '';
    return [
      `waits: ${title}`,
      `  deploy-code approve ${deployment}${of}${place}`,
      `  deploy-code reject ${deployment}${of} --reason …${place}`,
    ];
  });
}

/** A step that waits for its platform, with the platform's own error. */
function delayText({ title, message, since }: Delay): string[] {
  return [`waits since ${moment(new Date(since))}: ${title}`, `  ${message}`];
}

/** Everything that a started deployment waits for. */
export function waitingText(progress: Progress, place: string): string[] {
  const { deployment, question, held } = progress;
  return [
    ...(held === undefined ? [] : [held]),
    ...delaysOf(progress.events).flatMap(delayText),
    ...approvalText(progress, place),
    ...failureText(progress, place),
    ...failingText(progress, place),
    ...(question ? [question.text, ...answerCommands(deployment, question, place)] : []),
  ];
}
