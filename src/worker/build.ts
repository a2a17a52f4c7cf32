import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { workerDeployment, type Builds } from '../temporal/builds';
import { BadRequest } from '../temporal/errors';
import { bundlePath } from './bundle';
import { monotonicMs } from '../guard/monotonic';

const waitMs = 60_000;

/** The build ID of this installation: its version, and a hash of its workflows. */
export function ownBuildId(codePath = bundlePath): string {
  if (!existsSync(codePath))
    throw new BadRequest('the workflows are not bundled, so they have no build ID; set one with --build-id');
  const { version } = require('../../package.json') as { version: string };
  return `${version}-${createHash('sha256').update(readFileSync(codePath)).digest('hex').slice(0, 8)}`;
}

/** Options for a worker that runs as a build. Workflows move to the current build unless they are pinned to theirs. */
export function asBuild(buildId: string): WorkerDeploymentOptions {
  return {
    useWorkerVersioning: true,
    version: { deploymentName: workerDeployment, buildId },
    defaultVersioningBehavior: 'AUTO_UPGRADE',
  };
}

/** Makes the first build current, because no deployment would start otherwise. Further builds wait for `promote`. */
export async function offerBuild(builds: Builds, buildId: string, logger: Logger): Promise<void> {
  for (const deadline = monotonicMs() + waitMs; monotonicMs() < deadline; await sleep(500, undefined, { ref: false })) {
    const current = await builds.current().catch(() => undefined);
    if (current === buildId) return;
    if (current !== undefined)
      return logger.info(
        { buildId, current },
        `build ${current} is current; to start new deployments on this one, run \`deploy-code ` +
          `worker promote ${buildId}\``,
      );
    const isPromoted = await builds.promote(buildId).then(
      () => true,
      () => false,
    );
    if (isPromoted) return logger.info({ buildId }, 'this build is now the current one; there was none');
  }
  logger.error(
    { buildId },
    `this build could not be made the current one; run \`deploy-code worker promote ${buildId}\``,
  );
}
