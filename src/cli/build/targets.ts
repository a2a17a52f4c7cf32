import type { ImageBuild } from '../../config';
import { BadRequest } from '../../temporal/errors';
import type { BuildTarget } from './build-command';
import { contentHash, mayHaveMoved, serviceIn } from './content-hash';
import { askDocker } from './docker-cli';
import { contentName, namesRegistry } from './image-name';

/** An image of a stack that is built here. */
export interface Target extends BuildTarget {
  build: ImageBuild;
  /** It has to be built: nothing of this content is there. */
  isMissing: boolean;
  /** It has to be pushed. */
  isUnpushed: boolean;
}

/**
 * Names images by their content, and finds out which of them exist.
 * @param always build also what is there
 * @throws BadRequest if a context cannot be read, or Docker does not answer
 */
export async function findTargets(builds: Record<string, ImageBuild>, always: boolean): Promise<Target[]> {
  const names: Record<string, string> = {};
  for (const build of inOrder(builds)) names[build.service] = contentName(build.image, await contentHash(build, names));
  return Promise.all(Object.values(builds).map((build) => findTarget(build, names, always)));
}

/** Groups of images, of which each needs only earlier ones. */
export function levelsOf(targets: readonly Target[]): Target[][] {
  const byService = new Map(targets.map((target) => [target.build.service, target]));
  const depth = (target: Target): number =>
    Math.max(0, ...needsOf(target.build).map((service) => 1 + depth(byService.get(service)!)));
  const levels: Target[][] = [];
  for (const target of targets) (levels[depth(target)] ??= []).push(target);
  return levels;
}

async function findTarget(build: ImageBuild, names: Record<string, string>, always: boolean): Promise<Target> {
  const name = names[build.service]!;
  const isPushed = namesRegistry(build.image);
  const isAsked = always || build.always || build.noCache || mayHaveMoved(build);
  const isInPlace = !isAsked && isPushed && (await isInRegistry(name));
  const isMissing = isAsked || !(isInPlace || (await isInDocker(name)));
  return { build, name, names, isPushed, isMissing, isUnpushed: isPushed && !isInPlace };
}

/** Builds after those whose images they take as contexts. @throws BadRequest if there is no such order */
function inOrder(builds: Record<string, ImageBuild>): Set<ImageBuild> {
  const ordered = new Set<ImageBuild>();
  const visit = (build: ImageBuild, above: readonly string[]): void => {
    const path = `services.${build.service}.build.additional_contexts`;
    if (above.includes(build.service))
      throw new BadRequest(`${path}: the images need each other: ${[...above, build.service].join(' -> ')}`);
    for (const service of needsOf(build)) {
      const needed = builds[service];
      if (!needed) throw new BadRequest(`${path}: there is no service "${service}" with a build`);
      if (!ordered.has(needed)) visit(needed, [...above, build.service]);
    }
    ordered.add(build);
  };
  for (const build of Object.values(builds)) visit(build, []);
  return ordered;
}

function needsOf({ contexts }: ImageBuild): string[] {
  return Object.values(contexts).flatMap((context) => serviceIn(context) ?? []);
}

async function isInDocker(name: string): Promise<boolean> {
  const { code, err } = await askDocker('image', 'inspect', '--format={{.Id}}', name);
  if (code === 0 || /no such image/i.test(err)) return code === 0;
  throw new BadRequest(`docker cannot look for images: ${err}`);
}

/** A registry that cannot be asked counts as one without the image: the push then says what is wrong. */
async function isInRegistry(name: string): Promise<boolean> {
  const isLocal = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])[:/]/.test(name);
  const { code } = await askDocker('manifest', 'inspect', ...(isLocal ? ['--insecure'] : []), name);
  return code === 0;
}
