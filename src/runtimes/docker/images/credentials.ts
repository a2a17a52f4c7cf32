import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AuthConfig } from 'dockerode';
import { registryHost } from '../../../model/names/image-reference';
import { isName } from '../../../model/names';
import { dockerHub, registryOfImage } from '../../../model/names/registry';
import { withDeadline } from '../../deadline';
import { RuntimeError, type RegistryLogins } from '../../runtime';

interface DockerConfig {
  auths?: Record<string, { auth?: string; identitytoken?: string }>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

const helperMs = 10_000;
const largestAnswer = 1024 * 1024;
const hub = 'https://index.docker.io/v1/';

/**
 * Registry of an image reference, as named in Docker's configuration.
 * @throws RuntimeError if the reference is malformed: it could hide another address
 */
export function registryOf(reference: string): string {
  if (!isName('image', reference))
    throw new RuntimeError('software', `${JSON.stringify(reference)} is not a valid image name`);
  return registryOfImage(reference) === dockerHub ? hub : registryHost(reference)!;
}

/**
 * Credentials for an image's registry, and for no other: those of `registry login`, else those of Docker's
 * configuration and credential helpers; undefined if there are none.
 */
export async function credentialsFor(reference: string, logins?: RegistryLogins): Promise<AuthConfig | undefined> {
  const registry = registryOf(reference);
  const login = await logins?.at(registryOfImage(reference));
  if (login) return { username: login.user, password: login.password, serveraddress: registry };
  const config = await readConfig();
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  return (helper ? await askHelper(helper, registry) : undefined) ?? fromAuths(config, registry);
}

async function readConfig(): Promise<DockerConfig> {
  const folder = process.env.DOCKER_CONFIG ?? join(homedir(), '.docker');
  try {
    return JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as DockerConfig;
  } catch {
    return {};
  }
}

/**
 * The protocol of docker-credential-helpers: the registry on stdin, JSON on stdout. A helper that does not answer in
 * time counts as having none.
 */
async function askHelper(helper: string, registry: string): Promise<AuthConfig | undefined> {
  const run = promisify(execFile)(`docker-credential-${helper}`, ['get'], {
    timeout: helperMs,
    killSignal: 'SIGKILL',
    maxBuffer: largestAnswer,
  });
  run.child.stdin?.on('error', () => undefined).end(registry);
  try {
    // A child process of the helper may keep its output open after it has exited.
    const { stdout } = await withDeadline(run, helperMs + 1000, () => new Error('late'));
    const { Username, Secret } = JSON.parse(stdout) as { Username: string; Secret: string };
    return Username === '<token>'
      ? ({ identitytoken: Secret, serveraddress: registry } as never)
      : { username: Username, password: Secret, serveraddress: registry };
  } catch {
    run.child.stdout?.destroy();
    run.child.stderr?.destroy();
    return undefined;
  }
}

function fromAuths({ auths = {} }: DockerConfig, registry: string): AuthConfig | undefined {
  const entry = auths[registry] ?? auths[`https://${registry}`];
  if (entry?.identitytoken) return { identitytoken: entry.identitytoken, serveraddress: registry } as never;
  if (!entry?.auth) return undefined;
  const [username, ...password] = Buffer.from(entry.auth, 'base64').toString('utf8').split(':');
  return { username: username!, password: password.join(':'), serveraddress: registry };
}
