import type { Container } from 'dockerode';
import type { SecretFile } from '../../model/instance';
import { RuntimeError } from '../runtime';
import { docker } from './api/errors';

/**
 * Refuses secret files below mounts: Docker would write them into the volume, where they would remain in plain text
 * after the container. Mounts of the stack file were checked before; volumes that the image declares are known only
 * after the container was created.
 */
export async function refuseCovered(container: Container, files: readonly SecretFile[]): Promise<void> {
  if (files.length === 0) return;
  const { Mounts } = await docker(() => container.inspect());
  for (const { path } of files) {
    const mount = Mounts.find(({ Destination }) => path.startsWith(`${Destination.replace(/\/$/, '')}/`));
    if (mount)
      throw new RuntimeError(
        'software',
        `a secret file at ${path} would remain in the ${mount.Type} at ${mount.Destination} after ` +
          'the container is removed; choose a target outside of it, such as /secrets/key.pem',
      );
  }
}
