import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { EngineUnreachable } from '../../temporal/errors';
import { download } from './download';

const version = '1.5.1';
const run = promisify(execFile);
const archives = `https://temporal.download/cli/archive/v${version}`;

export interface CliSources {
  /** Folder for the CLI of this machine; default the user's cache. */
  cache?: string;
  /** Address of the archives. */
  archives?: string;
}

/**
 * Finds a Temporal CLI: on PATH, else in the cache of the folder or of the user, else by the official download, else by
 * `go install`. A downloaded one is kept for the whole machine.
 * @throws EngineUnreachable with how to get one
 */
export async function findTemporalCli(
  folderCache: string,
  say: (text: string) => void,
  signal?: AbortSignal,
  { cache = userCache(), archives: from = archives }: CliSources = {},
): Promise<string> {
  const cached = join(cache, `temporal-${version}`);
  const found = onPath('temporal') ?? [join(folderCache, 'temporal'), cached].find(existsSync);
  if (found) return found;
  say(`downloading the Temporal CLI ${version} to ${cached}, once for this machine`);
  mkdirSync(cache, { recursive: true });
  if (await fetchArchive(`${from}?${platform()}`, cached, say, signal)) return cached;
  signal?.throwIfAborted();
  if (onPath('go')) {
    say('the download failed; building it with `go install` (about 3 minutes)');
    if (await build(cached, signal)) return cached;
    signal?.throwIfAborted();
  }
  throw new EngineUnreachable(
    'the Temporal CLI is not installed, and could not be downloaded',
    `install it (https://docs.temporal.io/cli), or install Go and run \`go install ` +
      `github.com/temporalio/cli/cmd/temporal@v${version}\``,
  );
}

function userCache(): string {
  const { XDG_CACHE_HOME: chosen } = process.env;
  const usual = process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
  return join(chosen?.startsWith('/') ? chosen : usual, 'deploy-code');
}

function platform(): string {
  return `platform=${process.platform}&arch=${process.arch === 'arm64' ? 'arm64' : 'amd64'}`;
}

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

/** Downloads the official archive, which contains a single binary. Two at once do not disturb each other. */
async function fetchArchive(
  url: string,
  target: string,
  say: (text: string) => void,
  signal?: AbortSignal,
): Promise<boolean> {
  return intoPlace(target, async (folder) => {
    const archive = join(folder, 'temporal.tar.gz');
    await download(url, archive, { say, ...(signal && { signal }) });
    await run('tar', ['-xzf', archive, '-C', folder, 'temporal']);
    return join(folder, 'temporal');
  });
}

async function build(target: string, signal?: AbortSignal): Promise<boolean> {
  return intoPlace(target, async (folder) => {
    await run('go', ['install', `github.com/temporalio/cli/cmd/temporal@v${version}`], {
      env: { ...process.env, GOBIN: folder },
      maxBuffer: 16 * 1024 * 1024,
      signal,
    });
    return join(folder, 'temporal');
  });
}

/** Makes a program in a folder of its own, and moves it to its place when it is complete. */
async function intoPlace(target: string, make: (folder: string) => Promise<string>): Promise<boolean> {
  const folder = await mkdtemp(join(dirname(target), 'new-'));
  try {
    const made = await make(folder);
    await chmod(made, 0o755);
    await rename(made, target);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
