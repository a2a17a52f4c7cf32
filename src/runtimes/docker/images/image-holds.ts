import type { ObservedImage } from '../../../model/observation';
import type { HoldReason, Scope } from '../../runtime';
import type { DockerConnection } from '../api/connection';
import { docker, dockerOr } from '../api/errors';
import { findImage } from '.';
import { project } from '../labels';

const reasons: HoldReason[] = ['pulled', 'kept'];

/**
 * Adds a second tag, `deploy-code/kept:shop-staging-51c2ab34…`: without one, `docker image prune` removes an image
 * whose tag has moved.
 */
export async function holdImage(
  { docker: engine }: DockerConnection,
  scope: Scope,
  id: string,
  why: HoldReason,
): Promise<void> {
  const [repo, tag] = holdName(scope, id, why);
  await docker(async () => void (await engine.getImage(id).tag({ repo, tag })));
}

/**
 * Removes the second tags. An image that the engine pulled also loses its own tag, if that still points to it. Docker
 * keeps images that containers use.
 */
export async function dropImage(
  connection: DockerConnection,
  scope: Scope,
  { reference, id, digest }: Pick<ObservedImage, 'reference' | 'id' | 'digest'>,
): Promise<void> {
  const remove = (name: string) =>
    dockerOr([404, 409], false, async () => (await connection.docker.getImage(name).remove(), true));
  const [pulled] = await Promise.all(reasons.map((why) => remove(holdName(scope, id, why).join(':'))));
  if (!pulled) return;
  for (const name of [reference, digest]) if (name && (await findImage(connection, name)) === id) await remove(name);
}

function holdName(scope: Scope, id: string, why: HoldReason): [repo: string, tag: string] {
  return [`deploy-code/${why}`, `${project(scope)}-${id.replace('sha256:', '').slice(0, 12)}`];
}
