import type { PinnedImages } from '../model/images';
import type { Observation } from '../model/observation';
import { alive } from './alive';
import type { Activities } from './contract';
import type { Dependencies } from './dependencies';
import { SoftwareFault } from './failures';
import type { Stack } from '../config/stack';
import type { Runtime } from '../runtimes/runtime';

type SurroundingActivities = Pick<Activities, 'observe' | 'pullImage' | 'createNetwork' | 'removeNetwork' | 'createVolume' | 'removeVolume' | 'pruneReleases'>;

/** What instances need around them: images, networks, volumes, and a look at what is there. */
export function surroundingActivities({ runtimes, secrets, directory }: Dependencies): SurroundingActivities {
  return {
    observe: (stack, pinned) =>
      alive(async (): Promise<Observation> => {
        const runtime = runtimes(stack.runtime);
        const envFiles = Object.values(stack.services).flatMap((service) => service.envFiles);
        const [observation, fingerprints] = await Promise.all([
          runtime.observe({ stack: stack.name, environment: stack.environment }, { images: [], ports: portRanges(stack) }),
          secrets.fingerprints(usedSecrets(stack), envFiles),
        ]);
        return { ...observation, images: await findImages(runtime, stack, pinned), secrets: fingerprints };
      }),

    pullImage: (context, { reference, policy }, pinned) =>
      alive(async ({ signal, note }) => {
        const runtime = runtimes(context.runtime);
        if (!pinned) {
          const { id, pulled } = await runtime.ensureImage(reference, policy, note, signal);
          return { reference, id, pulled, digest: (await runtime.findImages([reference]))[0]?.digest };
        }
        if (!pinned.digest) throw new SoftwareFault(`the image ${reference} of the kept release (${pinned.id.slice(0, 19)}) is no longer on the host, and no registry knows it; deploy a version whose image exists`);
        const { id, pulled } = await runtime.ensureImage(pinned.digest, 'missing', note, signal);
        return { reference, id, pulled, digest: pinned.digest };
      }),

    createNetwork: ({ runtime, stack, environment }, network) => alive(() => runtimes(runtime).createNetwork({ ...network, stack, environment })),
    removeNetwork: ({ runtime }, name) => alive(() => runtimes(runtime).removeNetwork(name)),
    createVolume: ({ runtime, stack, environment }, volume) => alive(() => runtimes(runtime).createVolume({ ...volume, stack, environment })),
    removeVolume: ({ runtime }, name) => alive(() => runtimes(runtime).removeVolume(name)),

    pruneReleases: ({ runtime, stack, environment }, drop, keep) =>
      alive(async () => {
        const images = async (numbers: number[]) => (await Promise.all(numbers.map((number) => directory.releaseImages(stack, environment, number)))).map((found) => found ?? {});
        const kept = new Set((await images(keep)).flatMap((found) => Object.keys(found)));
        const dropped = (await images(drop)).flatMap((found) => Object.entries(found).filter(([reference, { pulled }]) => pulled && !kept.has(reference)).map(([reference]) => reference));
        for (const reference of new Set(dropped)) await runtimes(runtime).removeImage(reference);
        for (const number of drop) await directory.dropRelease(stack, environment, number);
      }),
  };
}

function portRanges(stack: Stack): { from: number; to: number }[] {
  return Object.values(stack.services).flatMap((service) => service.ports.map(({ published }) => published ?? stack.infrastructure.portRange));
}

/** Only secrets that a service uses have to exist. */
function usedSecrets(stack: Stack): Stack['secrets'] {
  const names = new Set(Object.values(stack.services).flatMap((service) => service.secrets.map(({ name }) => name)));
  return Object.fromEntries(Object.entries(stack.secrets).filter(([name]) => names.has(name)));
}

/** A kept release means the images it had, wherever their tags point today. */
async function findImages(runtime: Runtime, stack: Stack, pinned: PinnedImages): Promise<Observation['images']> {
  const references = [...new Set(Object.values(stack.services).flatMap(({ image }) => (image ? [image] : [])))];
  const found = await runtime.findImages(references.map((reference) => pinned[reference]?.id ?? reference));
  return found.map((image, index) => ({ ...image, reference: references[index]! }));
}
