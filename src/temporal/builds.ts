import { isGrpcServiceError, type Client } from '@temporalio/client';
import { BadRequest } from './errors';
import { pollersOf } from './pollers';

/** Name of the Worker Deployment in Temporal that contains the builds of the engine. */
export const workerDeployment = 'deploy-code';

const notFound = 5;
const failedPrecondition = 9;
const pinned = 1;
const recentMs = 60_000;
const states = ['unused', 'unused', 'current', 'ramping', 'draining', 'drained', 'unused'] as const;

/** One build of the engine. */
export interface Build {
  id: string;
  /** `current`: new deployments start on it. `draining`: deployments still run on it. `drained`: it can be stopped. */
  state: (typeof states)[number];
  /** Number of worker processes that run it. */
  workers: number;
  since?: Date;
}

/**
 * Builds of the engine, which run side by side. A deployment ends on the build that it started on; all other workflows
 * move to the current build.
 */
export class Builds {
  constructor(private readonly temporal: Client) {}

  async list(): Promise<Build[]> {
    const [deployment, workers] = await Promise.all([this.describe(), this.workers()]);
    return (deployment?.versionSummaries ?? []).map(({ deploymentVersion, status, createTime }) => {
      const id = deploymentVersion?.buildId ?? '';
      return {
        id,
        state: states[status ?? 0] ?? 'unused',
        workers: workers.filter((build) => build === id).length,
        ...(createTime && { since: new Date(Number(createTime.seconds) * 1000) }),
      };
    });
  }

  /** ID of the build on which new deployments start. */
  async current(): Promise<string | undefined> {
    return (await this.describe())?.routingConfig?.currentDeploymentVersion?.buildId ?? undefined;
  }

  /** Makes a build the current one, on which new deployments start. @throws BadRequest if no worker runs it */
  async promote(buildId: string): Promise<void> {
    const {
      connection,
      options: { namespace, identity },
    } = this.temporal;
    const deployment = await this.describe();
    try {
      await connection.workflowService.setWorkerDeploymentCurrentVersion({
        namespace,
        deploymentName: workerDeployment,
        buildId,
        identity,
        ...(deployment && { conflictToken: deployment.conflictToken }),
      });
    } catch (error) {
      if (!isGrpcServiceError(error) || ![notFound, failedPrecondition].includes(Number(error.code))) throw error;
      const known = (await this.list()).filter(({ workers }) => workers > 0).map(({ id }) => id);
      throw new BadRequest(
        known.includes(buildId)
          ? `build ${buildId} cannot be promoted yet: ${error.details}`
          : `no worker runs the build "${buildId}"; available: ${known.join(', ') || 'none'}`,
        { cause: error },
      );
    }
  }

  /** The build of a deployment that cannot continue because no worker runs its build any more; else undefined. */
  async missing(workflowId: string): Promise<string | undefined> {
    const { raw } = await this.temporal.workflow.getHandle(workflowId).describe();
    const info = raw.workflowExecutionInfo?.versioningInfo;
    const build = info?.deploymentVersion?.buildId;
    if (!build || info?.behavior !== pinned || info.versioningOverride) return undefined;
    return (await this.workers()).includes(build) ? undefined : build;
  }

  /** Moves a deployment to the current build. */
  async adopt(workflowId: string): Promise<void> {
    const {
      connection,
      options: { namespace, identity },
    } = this.temporal;
    await connection.workflowService.updateWorkflowExecutionOptions({
      namespace,
      identity,
      workflowExecution: { workflowId },
      workflowExecutionOptions: { versioningOverride: { autoUpgrade: true } },
      updateMask: { paths: ['versioning_override'] },
    });
  }

  private async describe() {
    const {
      connection,
      options: { namespace },
    } = this.temporal;
    try {
      const { workerDeploymentInfo, conflictToken } = await connection.workflowService.describeWorkerDeployment({
        namespace,
        deploymentName: workerDeployment,
      });
      return { ...workerDeploymentInfo, conflictToken };
    } catch (error) {
      if (isGrpcServiceError(error) && Number(error.code) === notFound) return undefined;
      throw error;
    }
  }

  /** The build of each worker process that has polled recently. */
  private async workers(): Promise<string[]> {
    const recent = (await pollersOf(this.temporal)).filter(
      ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < recentMs,
    );
    return recent.map(({ deploymentOptions }) => deploymentOptions?.buildId ?? '');
  }
}
