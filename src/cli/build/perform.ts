import { registryOfImage } from '../../model/names/registry';
import { complain, paint } from '../output/terminal';
import { seconds } from '../output/words';
import { buildCommand, isPushedByBuild, type BuildCommand, type Builder } from './build-command';
import { askDocker, runDocker } from './docker-cli';
import { levelsOf, type Target } from './targets';

/**
 * Builds and pushes what is missing, and prints the output of Docker to standard error.
 * @throws BadRequest if Docker here cannot do what the file says; nothing has been built
 * @throws Error if a build or a push fails; the others are ended
 */
export async function perform(targets: readonly Target[]): Promise<void> {
  const missing = targets.filter(({ isMissing }) => isMissing);
  const builder = missing.length > 0 ? await findBuilder() : 'classic';
  const commands = new Map(missing.map((target) => [target, buildCommand(target.build, builder, target)]));
  const work = new Work();
  for (const level of levelsOf(targets))
    await Promise.all(level.map((target) => work.unlessFailed(() => make(target, commands.get(target), work))));
  if (work.failure !== undefined) throw work.failure;
}

async function findBuilder(): Promise<Builder> {
  return (await askDocker('buildx', 'version')).code === 0 ? 'buildx' : 'classic';
}

async function make(target: Target, command: BuildCommand | undefined, work: Work): Promise<void> {
  if (command) await work.run(target, 'build', command);
  const isThere = command !== undefined && isPushedByBuild(target.build, target);
  if (target.isUnpushed && !isThere) await work.run(target, 'push', { words: ['push', target.name], variables: {} });
}

/** Commands of Docker side by side, of which the first failure ends the others. */
class Work {
  failure?: unknown;
  private readonly over = new AbortController();

  async unlessFailed(step: () => Promise<void>): Promise<void> {
    if (this.failure !== undefined) return;
    try {
      await step();
    } catch (error) {
      this.failure ??= error;
      this.over.abort();
    }
  }

  async run({ build: { service }, name }: Target, what: 'build' | 'push', command: BuildCommand): Promise<void> {
    const label = paint.cyan(service);
    const started = Date.now();
    let isDenied = false;
    complain(`${label} | ${what} ${name}`);
    const code = await runDocker(command.words, {
      input: command.input,
      variables: { BUILDKIT_PROGRESS: 'plain', ...command.variables },
      onLine: (line) => {
        isDenied ||= /denied|unauthorized|authentication required|no basic auth/i.test(line);
        if (line.trim() !== '') complain(`${label} | ${paint.dim(masked(line, command))}`);
      },
      signal: this.over.signal,
    });
    if (code === 0) return complain(`${label} | ${what} done in ${seconds(Date.now() - started)}`);
    const login = `deploy-code registry login ${registryOfImage(name)}`;
    const advice = what === 'push' && isDenied ? `; log in with \`${login}\`` : '';
    throw new Error(`the ${what} of ${service} failed; nothing was deployed${advice}`);
  }
}

const shortestMasked = 4;

/** A line without credentials and secrets of the build. */
function masked(line: string, { variables }: BuildCommand): string {
  return Object.values(variables)
    .flatMap((value) => [value, ...value.split('\n')])
    .filter((value) => value.length >= shortestMasked)
    .reduce((text, value) => text.replaceAll(value, '***'), line);
}
