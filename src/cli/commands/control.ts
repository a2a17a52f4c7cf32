import { type Command, InvalidArgumentError } from 'commander';
import { deploymentId, freezeText } from '../../workflows/messages';
import { BadRequest } from '../../temporal/errors';
import { placeOf } from '../../client/place';
import { userName } from '../../client/user';
import { loadPlace, reason, withConnection, withStack, type ConnectionOptions, type StackOptions } from '../options';
import { momentOf } from '../output/moment';
import { frozenText, queueRows } from '../output/control-text';
import { pauseText } from '../output/watch-text';
import { moment as timeText } from '../output/words';
import { placeArguments, withClient } from './session';
import { print, printJson, say, table } from '../output/terminal';

interface ControlOptions extends StackOptions, ConnectionOptions {
  json?: boolean;
  until?: Date;
  refuse?: boolean;
  reason?: string;
}

const moment = (text: string): Date => {
  const date = momentOf(text, new Date());
  if (!date)
    throw new InvalidArgumentError(
      'write a future time such as 2026-12-24T18:00 (local time), or a duration such as 2h.',
    );
  return date;
};

/** Adds the commands for the queue of an environment, its freezes, and pauses of its watch. */
export function addControl(program: Command): void {
  const queue = program.command('queue').description('running and waiting deployments of the environment');
  withConnection(
    withStack(
      queue.command('list', { isDefault: true }).description('list the running deployment and the waiting ones'),
    ),
  )
    .option('--json', 'print one JSON document')
    .action(listQueue);
  withConnection(withStack(queue.command('remove').description('remove a waiting deployment from the queue')))
    .argument('<id>', 'ID as shown by `queue list`')
    .action(removeFromQueue);

  withConnection(withStack(program.command('freeze').description('block new deployments; running ones continue')))
    .option('--until <time>', 'end, as a time or a duration: 2026-12-24T18:00, 2h (default: until `thaw`)', moment)
    .option('--refuse', 'reject requests instead of queueing them')
    .option('--reason <text>', 'reason, shown to those who wait', reason)
    .action(freeze);
  withConnection(withStack(program.command('thaw').description('end a freeze; waiting deployments start'))).action(
    thaw,
  );

  const watch = program
    .command('watch')
    .description('the watch over instances between deployments; `status` shows its findings');
  withConnection(
    withStack(watch.command('pause').description('pause automatic restarts and repairs, for manual work on instances')),
  )
    .option(
      '--until <time>',
      'end, as a time or a duration: 2026-12-24T18:00, 2h (default: until `watch resume`)',
      moment,
    )
    .option('--reason <text>', 'reason for the pause', reason)
    .action(pauseWatch);
  withConnection(withStack(watch.command('resume').description('end a pause of the watch'))).action(resumeWatch);
}

async function listQueue(options: ControlOptions): Promise<void> {
  const state = await withClient(options, (client) => client.environment(placeOf(loadPlace(options).stack)));
  const { running, queue = [], freeze, breaker } = state ?? {};
  if (options.json) return printJson({ running, queue, freeze, breaker });
  print(frozenText(freeze));
  if (!running && queue.length === 0) return say('no deployment runs or waits');
  print(table([['ID', 'STATE', 'WHAT', 'BY', 'SINCE', 'REASON'], ...queueRows(running, queue)]));
}

async function removeFromQueue(id: string, options: ControlOptions): Promise<void> {
  const place = placeOf(loadPlace(options).stack);
  const where = placeArguments(options);
  await withClient(options, async (client) => {
    const waiting = (await client.environment(place))?.queue.map(({ workflowId }) => workflowId) ?? [];
    const found = waiting.filter((workflowId) => workflowId === id || workflowId.startsWith(deploymentId(place, id)));
    if (found.length !== 1)
      throw new BadRequest(
        `${found.length === 0 ? 'no waiting deployment has' : 'several waiting deployments have'} the ID ${id}; ` +
          `list them with \`deploy-code queue${where}\`, or end a running one with \`deploy-code cancel${where}\``,
      );
    const handle = client.handle(found[0]!);
    await handle.cancel(userName());
    const { deployment } = await handle.result();
    say(
      deployment === undefined
        ? `${id} was removed from the queue`
        : `${id} had already started as deployment ${deployment}; ` +
            `\`deploy-code status ${deployment}${where}\` shows its result`,
    );
  });
}

async function freeze(options: ControlOptions): Promise<void> {
  const { stack } = loadPlace(options);
  const { until, refuse, reason } = options;
  const frozen = await withClient(options, (client) => client.freeze(placeOf(stack), { until, refuse, reason }));
  say(
    `${stack.name}/${stack.environment} is ${freezeText(frozen, timeText)}; requests ` +
      `${frozen.refuse ? 'are refused' : 'wait'}, --force overrides the freeze`,
  );
}

async function thaw(options: ControlOptions): Promise<void> {
  const { stack } = loadPlace(options);
  await withClient(options, (client) => client.thaw(placeOf(stack)));
  say(`${stack.name}/${stack.environment} is no longer frozen; waiting deployments start`);
}

async function pauseWatch(options: ControlOptions): Promise<void> {
  const { stack } = loadPlace(options);
  const { until, reason } = options;
  const pause = await withClient(options, (client) => client.pauseWatch(placeOf(stack), { until, reason }));
  say(`${stack.name}/${stack.environment}: ${pauseText(pause)}; nothing is restarted or repaired`);
}

async function resumeWatch(options: ControlOptions): Promise<void> {
  const { stack } = loadPlace(options);
  await withClient(options, (client) => client.resumeWatch(placeOf(stack)));
  say(`${stack.name}/${stack.environment} is watched again`);
}
