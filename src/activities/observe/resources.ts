import type { PinnedImages } from '../../model/images';
import type { ObservedImage } from '../../model/observation';
import { withHeartbeat } from '../heartbeat';
import { requireRecordable } from '../audit/recordable';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
import { capability } from '../../runtimes/runtime';
import { observeStack } from './observe-stack';

type ResourceActivities = Pick<
  Activities,
  | 'observe'
  | 'pullImage'
  | 'createNetwork'
  | 'removeNetwork'
  | 'createVolume'
  | 'removeVolume'
  | 'holdImages'
  | 'pruneReleases'
>;

/** Activities on images, networks and volumes, and the observation of hosts. */
export function resourceActivities(dependencies: Dependencies): ResourceActivities {
  const { runtimes, secrets, directory } = dependencies;
  return {
    observe: (stack, pinned, closely = false) =>
      withHeartbeat(async () => {
        if (Object.keys(stack.services).length > 0) await requireRecordable(dependencies, stack);
        return observeStack(dependencies, stack, pinned, closely);
      }),

    pullImage: (context, image, pinned) =>
      withHeartbeat(async ({ signal, heartbeat }) => {
        const { reference, platform } = image;
        const images = capability(runtimes(context), 'images');
        const onProgress = (text: string) => heartbeat(secrets.mask(text));
        if (!pinned) {
          const { id, pulled } = await images.ensure(image, onProgress, signal);
          if (pulled) await images.hold(id, 'pulled');
          return { ...(await images.find([reference]))[0], reference, id };
        }
        if (!pinned.digest)
          throw new SoftwareFault(
            `the image ${reference} of the kept release (${pinned.id.slice(0, 19)}) is no longer on ` +
              'the host, and no registry knows it; deploy a version whose image exists',
          );
        const { id, pulled } = await images.ensure(
          { reference: pinned.digest, policy: 'missing', ...(platform !== undefined && { platform }) },
          onProgress,
          signal,
        );
        if (pulled) await images.hold(id, 'pulled');
        return { ...pinned, reference, id };
      }),

    createNetwork: (context, network) => withHeartbeat(() => capability(runtimes(context), 'networks').create(network)),
    removeNetwork: (context, name) => withHeartbeat(() => capability(runtimes(context), 'networks').remove(name)),
    createVolume: (context, volume) => withHeartbeat(() => capability(runtimes(context), 'volumes').create(volume)),
    removeVolume: (context, name) => withHeartbeat(() => capability(runtimes(context), 'volumes').remove(name)),

    holdImages: (context, releases) =>
      withHeartbeat(async () => {
        const { images } = runtimes(context);
        if (!images) return;
        const kept = imagesOf(await directory.images(context.stack, context.environment, releases), releases);
        const named = await images.find(kept.map(({ reference }) => reference));
        const today = new Map(named.map(({ reference, id }) => [reference, id]));
        const moved = new Set(kept.filter(({ reference, id }) => today.get(reference) !== id).map(({ id }) => id));
        for (const { id } of await images.find([...moved])) if (id) await images.hold(id, 'kept');
      }),

    pruneReleases: (context, drop, keep, last) =>
      withHeartbeat(async () => {
        const pinned = await directory.images(context.stack, context.environment, [...keep, ...drop]);
        const needed = new Set(imagesOf(pinned, keep).map(({ id }) => id));
        const obsolete = imagesOf(pinned, drop).filter(({ id }) => !needed.has(id));
        for (const image of obsolete) await runtimes(context).images?.drop(image);
        if (last !== false)
          for (const number of drop) await directory.dropRelease(context.stack, context.environment, number);
      }),
  };
}

/** Images of releases, without duplicates: most releases share most of them. */
function imagesOf(found: ReadonlyMap<number, PinnedImages>, releases: number[]): ObservedImage[] {
  const images = releases.flatMap((number) =>
    Object.entries(found.get(number) ?? {}).map(([reference, image]) => ({ reference, ...image })),
  );
  return [...new Map(images.map((image) => [`${image.reference} ${image.id}`, image])).values()];
}
