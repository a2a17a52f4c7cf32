import { execFile } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { chmod, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { EngineUnreachable } from '../../temporal/errors';

const version = '1.5.1';
const run = promisify(execFile);

/**
 * Finds a Temporal CLI: on PATH, else in the cache, else by the official download, else by `go install`.
 * @throws EngineUnreachable with how to get one
 */
export async function findTemporalCli(
  cacheFolder: string,
  say: (text: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  const cached = join(cacheFolder, 'temporal');
  const found = onPath('temporal') ?? (existsSync(cached) ? cached : undefined);
  if (found) return found;
  mkdirSync(cacheFolder, { recursive: true });
  say(`downloading the Temporal CLI ${version}, which happens only once`);
  if (await download(cached, signal)) return cached;
  signal?.throwIfAborted();
  if (onPath('go')) {
    say('the download failed; building it with `go install` (about 3 minutes)');
    if (await build(cacheFolder, signal)) return cached;
    signal?.throwIfAborted();
  }
  throw new EngineUnreachable(
    'the Temporal CLI is not installed, and could not be downloaded',
    `install it (https://docs.temporal.io/cli), or install Go and run \`go install ` +
      `github.com/temporalio/cli/cmd/temporal@v${version}\``,
  );
}

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

/** Downloads the official archive, which contains a single binary. */
async function download(target: string, signal?: AbortSignal): Promise<boolean> {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const archive = `${target}.tar.gz`;
  try {
    const response = await fetch(
      `https://temporal.download/cli/archive/v${version}?platform=${process.platform}&arch=${architecture}`,
      { signal: AbortSignal.any([AbortSignal.timeout(120_000), ...(signal ? [signal] : [])]) },
    );
    if (!response.ok || !response.body) return false;
    await pipeline(Readable.fromWeb(response.body as never), createWriteStream(archive));
    await run('tar', ['-xzf', archive, '-C', join(target, '..'), 'temporal']);
    await chmod(target, 0o755);
    return true;
  } catch {
    return false;
  } finally {
    await rm(archive, { force: true });
  }
}

async function build(cacheFolder: string, signal?: AbortSignal): Promise<boolean> {
  const bin = join(cacheFolder, 'go-bin');
  try {
    await run('go', ['install', `github.com/temporalio/cli/cmd/temporal@v${version}`], {
      env: { ...process.env, GOBIN: bin },
      maxBuffer: 16 * 1024 * 1024,
      signal,
    });
    await rename(join(bin, 'temporal'), join(cacheFolder, 'temporal'));
    return true;
  } catch {
    return false;
  } finally {
    await rm(bin, { recursive: true, force: true });
  }
}
