import { randomBytes } from 'node:crypto';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { images } from '../../support/image';
import type { Registry } from '../../support/registry';

/** Versions of the image that has to be pulled. */
export const pulledVersions = [1, 2, 3];

const layerSize = 4 * 1024 ** 2;

/**
 * Puts images into the registry, each with a layer of its own that is worth a pull, and removes them from the engine.
 */
export async function publish(engine: Docker, registry: Registry): Promise<void> {
  for (const version of pulledVersions) {
    const name = registry.image(version);
    await drain(engine, await engine.buildImage(recipe(version) as never, { t: name, forcerm: true }));
    await drain(engine, await engine.getImage(name).push({ authconfig: {} }));
    await engine.getImage(name).remove();
  }
}

function recipe(version: number): NodeJS.ReadableStream {
  const archive = pack();
  archive.entry({ name: 'Dockerfile' }, `FROM ${images.app}\nCOPY weight /weight\nENV VERSION=pulled-${version}\n`);
  archive.entry({ name: 'weight' }, randomBytes(layerSize));
  archive.finalize();
  return archive as unknown as NodeJS.ReadableStream;
}

function drain({ modem }: Docker, stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => modem.followProgress(stream, (error) => (error ? reject(error) : resolve())));
}
