import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isRemoteContext, type ImageBuild } from '../../config';
import { conceal } from '../../model/text/marks';
import { BadRequest } from '../../temporal/errors';
import { addContext, addText } from './context-files';

/**
 * A hash of what an image is built from: files, Dockerfile and options. Values that look like credentials, and secrets,
 * do not count: the name of the image would tell something about them.
 * @param names content names of the images that the build takes as contexts, by service
 * @returns hexadecimal digits
 * @throws BadRequest if the context or the Dockerfile cannot be read
 */
export async function contentHash(build: ImageBuild, names: Record<string, string>): Promise<string> {
  const { context, dockerfile, contexts } = build;
  const hash = createHash('sha256');
  addText(hash, 'options', conceal(JSON.stringify(optionsOf(build))));
  await requireFolders(build);
  if (isRemoteContext(context)) {
    addText(hash, 'context', conceal(`${context} ${JSON.stringify(dockerfile)}`));
  } else {
    addText(hash, 'dockerfile', conceal(await readDockerfile(build)));
    await addContext(hash, context, 'path' in dockerfile ? resolve(context, dockerfile.path) : undefined);
  }
  for (const [name, other] of Object.entries(contexts).sort(([a], [b]) => (a < b ? -1 : 1))) {
    addText(
      hash,
      'context',
      conceal(`${name} ${isRemoteContext(other) ? (names[serviceIn(other) ?? ''] ?? other) : ''}`),
    );
    if (isRemoteContext(other)) continue;
    await addContext(hash, other);
  }
  return hash.digest('hex');
}

/** A file or folder of a build that cannot be read. */
export class UnreadableBuild extends BadRequest {
  constructor(
    /** Path of the key in the stack file. */
    readonly path: string[],
    readonly problem: string,
  ) {
    super(`${path.join('.')}: ${problem}`);
  }
}

/** Checks that the files of a build are there, without reading them all. @throws UnreadableBuild if they are not */
export async function requireFiles(build: ImageBuild): Promise<void> {
  await requireFolders(build);
  if (!isRemoteContext(build.context)) await readDockerfile(build);
}

/** The service whose image is a context: `service:base`. */
export function serviceIn(context: string): string | undefined {
  return /^service:(.+)$/s.exec(context)?.[1];
}

/** True if the files of a build are not on this machine, so that only Docker can tell whether they have changed. */
export function mayHaveMoved({ context, contexts }: ImageBuild): boolean {
  return [context, ...Object.values(contexts)].some((each) => isRemoteContext(each) && serviceIn(each) === undefined);
}

/** Options that change the image, not where it comes from or goes to. */
function optionsOf(build: ImageBuild) {
  const { target, args, labels, platforms, platform, network, shmSize, extraHosts, ulimits } = build;
  const { privileged, entitlements, provenance, sbom } = build;
  return {
    version: 1,
    target,
    args: sorted(args),
    labels: sorted(labels),
    platforms: platform === undefined ? platforms : [platform],
    network,
    shmSize,
    extraHosts,
    ulimits,
    privileged,
    entitlements,
    provenance,
    sbom,
  };
}

function sorted(record: Record<string, string>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

async function readDockerfile({ service, context, dockerfile }: ImageBuild): Promise<string> {
  if ('inline' in dockerfile) return dockerfile.inline;
  const file = resolve(context, dockerfile.path);
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UnreadableBuild(
      ['services', service, 'build', 'dockerfile'],
      error.code === 'ENOENT' ? `${file} does not exist; check the path` : `${file} cannot be read: ${error.message}`,
    );
  });
}

async function requireFolders({ service, context, contexts }: ImageBuild): Promise<void> {
  const folders = [
    ['context', context],
    ...Object.entries(contexts).map(([name, path]) => [`additional_contexts.${name}`, path]),
  ];
  for (const [key, folder] of folders as [string, string][]) {
    if (isRemoteContext(folder)) continue;
    const isFolder = await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isFolder)
      throw new UnreadableBuild(
        ['services', service, 'build', ...key.split('.')],
        `${folder} is not a folder; check the path`,
      );
  }
}
