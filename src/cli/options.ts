import { type Command, InvalidArgumentError, Option } from 'commander';
import { isOneLine, longestReason } from '../model/text';
import type { WhenBusy } from '../plan/asked';
import { durationMs } from '../config/schema/values';
import { loadStack, type LoadedStack, type LoadOptions } from '../config';
import { secretValues } from './secret-values';

/** Options that select a stack file and its environment. */
export interface FileOptions {
  config?: string;
  file?: string[];
  env?: string;
}

export interface StackOptions extends FileOptions {
  profile?: string[];
  envFile?: string[];
  set?: Record<string, string>;
  secret?: string[];
  image?: Record<string, string>;
}

export interface ConnectionOptions {
  /** Address of a server. */
  server?: string;
  address?: string;
  namespace?: string;
}

const collect = (value: string, all: Record<string, string> = {}): Record<string, string> => {
  const cut = value.indexOf('=');
  if (cut < 1) throw new InvalidArgumentError('write NAME=VALUE.');
  return { ...all, [value.slice(0, cut)]: value.slice(cut + 1) };
};

/** Collects the values of a repeated option. */
export const each = (value: string, all: string[] = []): string[] => [...all, value];

/** Adds the options for the stack file, its environment and variables. */
export function withStack(command: Command, fileFlag = '-f, --file <file>'): Command {
  return command
    .option('-c, --config <file>', 'stack file or Compose file (default: deploy-code.yaml, else compose.yaml)')
    .option(fileFlag, 'the same, repeatable: later files override earlier ones', each)
    .option('-e, --env <environment>', 'environment; overlays the file with <file>.<environment>.yaml')
    .option('--set <name=value>', 'value of ${NAME} in the file; repeatable', collect)
    .option('--profile <name>', 'also the services of a profile of a Compose file; repeatable', each)
    .option('--env-file <file>', 'file with variables; for a Compose file instead of .env; repeatable', each)
    .option('--image <service=reference>', 'image of a service; repeatable', collect);
}

/** Like {@link withStack}, for commands that need the values of variables. */
export function withValues(command: Command): Command {
  return withStack(command).option(
    '--secret <name=value>',
    'value of ${NAME} that is always sealed; NAME=- reads it from standard input, NAME asks for it; repeatable',
    each,
  );
}

/** Adds the options for the connection to the engine: through a server, or to Temporal. */
export function withConnection(command: Command): Command {
  return withTemporal(
    command.option(
      '--server <url>',
      'server to go through (default: DEPLOY_CODE_SERVER, or the context of `deploy-code login`)',
    ),
  );
}

/** Adds the options for the connection to Temporal, for processes of the engine itself. */
export function withTemporal(command: Command): Command {
  return command
    .option(
      '--address <host:port>',
      'Temporal frontend (default: TEMPORAL_ADDRESS, a profile, or a running `deploy-code dev`)',
    )
    .option('--namespace <name>', 'Temporal namespace');
}

/** Adds the options for the reason and the output of a deployment. */
export function withFollowing(command: Command): Command {
  return command
    .option('--reason <text>', 'reason, shown in the history', reason)
    .option('-d, --detach', 'return as soon as the deployment has started')
    .option(
      '--give-up-after <duration>',
      'stop waiting after this time without a worker or a Temporal server (exit 5); the deployment continues',
      milliseconds,
    )
    .option('--json', 'print events as JSON Lines; the last line is the result')
    .addOption(new Option('--watch', 'as --json prints anyway').hideHelp());
}

/** Adds the options for images that the stack file builds. */
export function withBuild(command: Command): Command {
  return command
    .option('--build', 'build images of the file even if nothing has changed; layers come from the cache')
    .option('--no-build', 'build nothing; use existing images with the names from the file');
}

export interface QueueOptions {
  queue?: boolean;
  supersede?: boolean;
  reject?: boolean;
}

/** Adds the options for when another deployment of the environment runs or waits. */
export function withQueue(command: Command): Command {
  return command
    .addOption(
      new Option('--queue', 'wait for running and waiting deployments (default)').conflicts(['supersede', 'reject']),
    )
    .addOption(
      new Option('--supersede', 'replace running deployments (rolled back first) and waiting ones').conflicts('reject'),
    )
    .option('--reject', 'give up if another deployment runs or waits');
}

export function whenBusy({ supersede, reject }: QueueOptions): WhenBusy {
  return supersede ? 'supersede' : reject ? 'reject' : 'queue';
}

/** Validates a reason: one line, because the history shows it in a row. */
export function reason(text: string): string {
  if (isOneLine(text, longestReason)) return text;
  throw new InvalidArgumentError(`write one line of at most ${longestReason} characters, without control characters.`);
}

/** Parses a duration such as `30s` or `1m30s` to ms. */
export function milliseconds(text: string): number {
  const ms = durationMs(text) ?? 0;
  if (ms <= 0) throw new InvalidArgumentError('write a duration such as 30s, 15m or 6h.');
  return ms;
}

/** Collects values that are separated by commas, or in repeated options. */
export function list(value: string, all: string[] = []): string[] {
  return [
    ...all,
    ...value
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  ];
}

export function positive(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('write a whole number from 1.');
  return number;
}

/** Loads a stack for commands that need only its place: variables may be unset. */
export function loadPlace(options: StackOptions): LoadedStack {
  return loadStack({ ...fromOptions(options), placeOnly: true });
}

export async function load(options: StackOptions): Promise<LoadedStack> {
  return loadStack(await toLoadOptions(options));
}

/** What to load, with the values of `--secret`, which may have to be asked for. */
export async function toLoadOptions(options: StackOptions): Promise<LoadOptions> {
  const given = fromOptions(options);
  return options.secret ? { ...given, secrets: await secretValues(options.secret, options.set) } : given;
}

function fromOptions(options: StackOptions): LoadOptions {
  return {
    file: [...(options.config === undefined ? [] : [options.config]), ...(options.file ?? [])],
    profiles: options.profile,
    envFiles: options.envFile,
    environment: options.env,
    variables: options.set,
    images: options.image,
  };
}
