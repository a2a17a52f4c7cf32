import { type Command, InvalidArgumentError } from 'commander';
import { nameRun } from '../../plan/service/job-runs';
import type { DeployCodeClient } from '../../client/connect';
import type { RequestOptions } from '../../client/request';
import { isOver } from '../../client/deployment-handle';
import { BadRequest } from '../../temporal/errors';
import { placeOf } from '../../client/place';
import { userName } from '../../client/user';
import {
  loadPlace,
  list,
  positive,
  whenBusy,
  withConnection,
  withFollowing,
  withQueue,
  withStack,
  type ConnectionOptions,
  type QueueOptions,
  type StackOptions,
} from '../options';
import { cancelledText } from '../output/control-text';
import { follow } from '../output/follow';
import { counted } from '../output/words';
import { ask } from '../prompt';
import { placeArguments, withClient } from './session';
import { say } from '../output/terminal';

interface ChangeOptions extends StackOptions, ConnectionOptions, QueueOptions {
  force?: boolean;
  reason?: string;
  json?: boolean;
  watch?: boolean;
  detach?: boolean;
  giveUpAfter?: number;
  to?: number;
  services?: string[];
  killJobs?: boolean;
}

const change = (program: Command, name: string, description: string): Command =>
  withQueue(withFollowing(withConnection(withStack(program.command(name).description(description)))));

export function addChanges(program: Command): void {
  change(program, 'rollback', 'roll back to a kept release')
    .option('--to <release>', 'release number (default: the release before the current one)', positive)
    .option(
      '--force',
      'roll back past jobs that ran since, without asking; override freezes, and refusals that allow --force',
    )
    .action((options: ChangeOptions) => run(options, (client) => rollback(client, options)));

  change(program, 'restart', 'replace the instances of services with fresh ones of the same release')
    .argument('<service...>', 'services to restart')
    .option('--force', 'override freezes, and refusals that allow --force')
    .action((services: string[], options: ChangeOptions) =>
      run(options, (client) => client.restart(placeOf(loadPlace(options).stack), services, request(options))),
    );

  change(program, 'run', 'run a job of the current release now')
    .argument('<job>', 'job to run')
    .option('--force', 'override freezes, and refusals that allow --force')
    .action((job: string, options: ChangeOptions) =>
      run(options, (client) => client.runJob(placeOf(loadPlace(options).stack), job, request(options))),
    );

  change(program, 'repair', 'correct drift: differences from the current release that no deployment made')
    .option('--force', 'override freezes, and refusals that allow --force')
    .action((options: ChangeOptions) =>
      run(options, (client) => client.repair(placeOf(loadPlace(options).stack), request(options))),
    );

  addStopAs(program, 'stop', 'stop and remove services, dependants first; volumes are kept');

  withConnection(withStack(program.command('cancel').description('cancel a deployment and roll back its changes')))
    .argument('<deployment>', 'deployment number, or workflow ID of a waiting deployment', (value) => value)
    .option('--kill-jobs', 'also end running jobs; by default they finish first')
    .action((deployment: string, options: ChangeOptions) => cancel(deployment, options));

  withConnection(withStack(program.command('answer').description('answer the question of a waiting deployment')))
    .argument('<deployment>', 'deployment number', positive)
    .argument('<answer>', 'one of the answers that the deployment offers')
    .action((deployment: number, answer: string, options: ChangeOptions) =>
      answerQuestion(deployment, answer, options),
    );
}

/** Adds the command that stops and removes services, under a name. */
export function addStopAs(program: Command, name: string, description: string): Command {
  return change(program, name, description)
    .option('--services <names>', 'only these services', list)
    .option('--force', 'override freezes, and refusals that allow --force')
    .action((options: ChangeOptions) =>
      run(options, (client) => client.stop(loadPlace(options).stack, request(options))),
    );
}

/** The options that are sent to the engine. */
function request(options: ChangeOptions): RequestOptions {
  const { services, force, reason } = options;
  return { services, force, reason, whenBusy: whenBusy(options) };
}

async function run(
  options: ChangeOptions,
  start: (client: DeployCodeClient) => ReturnType<DeployCodeClient['deploy']>,
): Promise<void> {
  process.exitCode = await withClient(options, async (client) =>
    follow(await start(client), { ...options, place: placeArguments(options) }),
  );
}

async function rollback(client: DeployCodeClient, options: ChangeOptions): ReturnType<DeployCodeClient['rollback']> {
  const place = placeOf(loadPlace(options).stack);
  const to = options.to ?? (await client.previousRelease(place));
  const jobs = (await client.jobsSince(place, to)).map(nameRun);
  if (jobs.length > 0 && !options.force)
    await confirm(
      `release ${to} predates ${counted(jobs.length, 'run')} of jobs: ` +
        `${jobs.join(', ')}. Their effects are not undone. Continue?`,
    );
  return client.rollback(place, { ...request(options), to });
}

async function confirm(question: string): Promise<void> {
  if (!/^y(es)?$/i.test(await ask(question, `${question} [y/N] `)))
    throw new BadRequest('not confirmed; nothing was changed');
}

async function cancel(id: string, options: ChangeOptions): Promise<void> {
  await withClient(options, async (client) => {
    const { stack } = loadPlace(options);
    const place = placeOf(stack);
    const number = Number(id);
    if (!id.startsWith('deployment/') && !Number.isInteger(number))
      throw new InvalidArgumentError('write a deployment number, or a workflow ID.');
    const handle = id.startsWith('deployment/') ? client.handleIn(place, id) : await client.deployment(place, number);
    const progress = await handle.progress().catch(() => undefined);
    if (progress && isOver(progress))
      throw new BadRequest(`deployment ${id} has already ended: ${progress.status.replaceAll('_', ' ')}`);
    const { ending, settling } = await client.cancel(stack, handle.id, userName(), options);
    if (ending === 'over') throw new BadRequest(`deployment ${id} has already ended`);
    if (ending === 'ended') return say(cancelledText(id, (await handle.result()).outcome));
    if (ending === 'terminated') {
      say(
        `deployment ${id} could not be cancelled: its workflow tasks fail, or no worker takes ` +
          'them. It was terminated; the next deployment undoes its unfinished changes',
      );
      if (settling) process.exitCode = await follow(settling, { ...options, place: placeArguments(options) });
      return;
    }
    const watch =
      progress?.deployment === undefined
        ? ''
        : `; follow it with \`deploy-code status ${progress.deployment} --watch${placeArguments(options)}\``;
    say(`cancellation of deployment ${id} requested${watch}`);
    if (ending === 'unserved')
      say('no worker answers; the deployment is cancelled when one does: start one with `deploy-code worker`');
  });
}

async function answerQuestion(number: number, answer: string, options: ChangeOptions): Promise<void> {
  await withClient(options, async (client) => {
    const handle = await client.deployment(placeOf(loadPlace(options).stack), number);
    const { question } = await handle.progress();
    if (!question) throw new BadRequest(`deployment ${number} has no open question`);
    if (!question.answers.includes(answer))
      throw new BadRequest(`"${answer}" is not an answer to "${question.text}"; use ${question.answers.join(', or ')}`);
    await handle.answer(question.id, answer, userName());
    say(`answered "${answer}"`);
  });
}
