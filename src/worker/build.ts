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

/** An id for what is installed here: its version, and a hash of its workflows. */
export function ownBuildId(codePath = bundlePath): string {
  if (!existsSync(codePath))
    throw new BadRequest('these workflows are not bundled, so that they have no build id: give one with --build-id');
  const { version } = require('../../package.json') as { version: string };
  return `${version}-${createHash('sha256').update(readFileSync(codePath)).digest('hex').slice(0, 8)}`;
}

/** Nothing moves to another build in the middle of its work unless its workflow says that it does not mind. */
export function asBuild(buildId: string): WorkerDeploymentOptions {
  return {
    useWorkerVersioning: true,
    version: { deploymentName: workerDeployment, buildId },
    defaultVersioningBehavior: 'AUTO_UPGRADE',
  };
}

/** Where no build is current, nothing would ever begin: the first one is. Others wait to be promoted. */
export async function offerBuild(builds: Builds, buildId: string, logger: Logger): Promise<void> {
  for (const deadline = monotonicMs() + waitMs; monotonicMs() < deadline; await sleep(500, undefined, { ref: false })) {
    const current = await builds.current().catch(() => undefined);
    if (current === buildId) return;
    if (current !== undefined)
      return logger.info(
        { buildId, current },
        `build ${current} is current: \`deploy-code worker promote ${buildId}\` lets new deployments begin on this one`,
      );
    const isPromoted = await builds.promote(buildId).then(
      () => true,
      () => false,
    );
    if (isPromoted) return logger.info({ buildId }, 'this build is current: none was');
  }
  logger.error({ buildId }, `this build could not be made current: \`deploy-code worker promote ${buildId}\` does it`);
}
