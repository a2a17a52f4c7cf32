import type { Container } from 'dockerode';
import type { SecretFile } from '../../model/instance';
import { RuntimeError } from '../runtime';
import { docker } from './api/errors';

/**
 * A secret below something mounted would be written into that, and stay behind in plain text when the container is
 * gone. The stack file's own mounts are refused before; what an image declares as a volume is known once there is a
 * container of it.
 */
export async function refuseCovered(container: Container, files: readonly SecretFile[]): Promise<void> {
  if (files.length === 0) return;
  const { Mounts } = await docker(() => container.inspect());
  for (const { path } of files) {
    const mount = Mounts.find(({ Destination }) => path.startsWith(`${Destination.replace(/\/$/, '')}/`));
    if (mount)
      throw new RuntimeError(
        'software',
        `a secret would stand at ${path}, which is in the ${mount.Type} at ${mount.Destination} and ` +
          'would stay behind there; give it a target beside that, such as /secrets/key.pem',
      );
  }
}
