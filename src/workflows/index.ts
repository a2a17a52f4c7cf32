import type { WorkflowDefinitionOptions } from '@temporalio/common';
import { setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import { deployment } from './deployment';
import { inspect } from './inspect';

/** With worker versioning, short-lived workflows are pinned to the build they started on; long-lived ones move on. */
const pinnedToBuild = (): WorkflowDefinitionOptions =>
  workflowInfo().currentDeploymentVersion?.deploymentName ? { versioningBehavior: 'PINNED' } : {};
for (const workflow of [deployment, inspect]) setWorkflowOptions(pinnedToBuild, workflow as () => Promise<unknown>);

export { access } from './access';
export { certificates } from './certificates';
export { deployment, inspect };
export { environment } from './environment';
export { fleet } from './fleet';
export { host } from './host';
export { notify } from './notify';
export { redeploy } from './redeploy';
export { registries } from './registries';
export { release } from './release';
export { sharedBalancer } from './shared-balancer';
export { users } from './users';
