import type { Credential } from '../../../client/registries/verify';
import { dockerHub } from '../../../model/names/registry';
import { NoDocker, tellDocker, type DockerAnswer } from '../../build/docker-cli';
import { complain, say } from '../../output/terminal';

/** Logs in the Docker of this machine, which builds and pushes, and says what was done. A failure is no error. */
export async function loginLocally(registry: string, { user, password }: Credential): Promise<void> {
  const answer = await run(password, 'login', `--username=${user}`, '--password-stdin', ...serverOf(registry));
  if (answer === undefined) return say('this machine has no docker to log in; builds elsewhere need their own login');
  const text = answer.err.replaceAll(password, '***');
  if (answer.code !== 0)
    return complain(
      `Docker of this machine is not logged in: ${firstLine(text)}; to build and push here, use \`docker login\``,
    );
  say('Docker of this machine is logged in too, to build and push here');
  const warning = text.split('\n').find((line) => line.startsWith('WARNING'));
  if (warning !== undefined) complain(warning);
}

/** Removes the login of the Docker of this machine, and says what was done. A failure is no error. */
export async function logoutLocally(registry: string): Promise<void> {
  const answer = await run('', 'logout', ...serverOf(registry));
  if (answer === undefined) return;
  if (answer.code !== 0) return complain(`Docker of this machine is still logged in: ${firstLine(answer.err)}`);
  say('Docker of this machine is logged out too');
}

/** Docker's commands mean Docker Hub when they name no server. */
function serverOf(registry: string): string[] {
  return registry === dockerHub ? [] : [registry];
}

/** Undefined if this machine has no `docker`. */
async function run(input: string, ...words: string[]): Promise<DockerAnswer | undefined> {
  try {
    return await tellDocker(input, ...words);
  } catch (error) {
    if (error instanceof NoDocker) return undefined;
    return { code: 1, out: '', err: (error as Error).message };
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]!;
}
