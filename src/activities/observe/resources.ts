import type { PinnedImages } from '../../model/images';
import type { ObservedImage } from '../../model/observation';
import { withHeartbeat } from '../heartbeat';
import { requireRecordable } from '../audit/recordable';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
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
  const { runtimes, secrets, directory, rules } = dependencies;
  return {
    observe: (stack, pinned, closely = false) =>
      withHeartbeat(async () => {
        if (Object.keys(stack.services).length > 0) await requireRecordable(dependencies, stack);
        return observeStack({ runtimes, secrets, rules }, stack, pinned, closely);
      }),

    pullImage: (context, { reference, policy }, pinned) =>
      withHeartbeat(async ({ signal, heartbeat }) => {
        const runtime = runtimes(context);
        if (!pinned) {
          const { id, pulled } = await runtime.ensureImage(reference, policy, heartbeat, signal);
          if (pulled) await runtime.holdImage(id, 'pulled');
          return { ...(await runtime.findImages([reference]))[0], reference, id };
        }
        if (!pinned.digest)
          throw new SoftwareFault(
            `the image ${reference} of the kept release (${pinned.id.slice(0, 19)}) is no longer on ` +
              'the host, and no registry knows it; deploy a version whose image exists',
          );
        const { id, pulled } = await runtime.ensureImage(pinned.digest, 'missing', heartbeat, signal);
        if (pulled) await runtime.holdImage(id, 'pulled');
        return { ...pinned, reference, id };
      }),

    createNetwork: (context, network) => withHeartbeat(() => runtimes(context).createNetwork(network)),
    removeNetwork: (context, name) => withHeartbeat(() => runtimes(context).removeNetwork(name)),
    createVolume: (context, volume) => withHeartbeat(() => runtimes(context).createVolume(volume)),
    removeVolume: (context, name) => withHeartbeat(() => runtimes(context).removeVolume(name)),

    holdImages: (context, releases) =>
      withHeartbeat(async () => {
        const runtime = runtimes(context);
        const kept = imagesOf(await directory.images(context.stack, context.environment, releases), releases);
        const named = await runtime.findImages(kept.map(({ reference }) => reference));
        const today = new Map(named.map(({ reference, id }) => [reference, id]));
        const moved = new Set(kept.filter(({ reference, id }) => today.get(reference) !== id).map(({ id }) => id));
        for (const { id } of await runtime.findImages([...moved])) if (id) await runtime.holdImage(id, 'kept');
      }),

    pruneReleases: (context, drop, keep, last) =>
      withHeartbeat(async () => {
        const images = await directory.images(context.stack, context.environment, [...keep, ...drop]);
        const needed = new Set(imagesOf(images, keep).map(({ id }) => id));
        for (const image of imagesOf(images, drop)) if (!needed.has(image.id)) await runtimes(context).dropImage(image);
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
